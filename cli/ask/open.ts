/** `asof open`: opens the page at the same question. */
import type { Command } from "commander";
import { Option } from "commander";
import { UsageError } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { type Ask, type Asked, askedBy, askFor, isAboutNothing, withAskOptions } from "./options.ts";
import { call, momentOf, snapshotOf } from "./question.ts";
import { releaseAt, releaseBack } from "./release-history.ts";

const VIEWS = ["matrix", "why", "timeline", "health"] as const;
type View = (typeof VIEWS)[number];

interface PageQuestion {
  readonly columns?: readonly string[];
  readonly filter?: string;
  readonly place?: { readonly environment: string; readonly service?: string | undefined };
  readonly at?: string | undefined;
}

/** The page shows 30 days back, unless its address says more. */
const DAYS = 30;

/** The address of a view in the page, below the ledger's. */
export function pagePath(view: View, { columns = [], filter, place, at }: PageQuestion, now: string): string {
  const query = new URLSearchParams(columns.map((column): [string, string] => ["column", column]));
  if (filter !== undefined) query.append("filter", filter);
  if (place !== undefined) query.append("environment", place.environment);
  if (place?.service !== undefined) query.append("service", place.service);
  if (at !== undefined) {
    const days = Math.ceil((Date.parse(now) - Date.parse(at)) / 86_400_000);
    if (days > DAYS) query.append("days", String(Math.min(days, 366)));
    query.append("at", at);
  }
  const text = query.toString();
  return `${view === "matrix" ? "/" : `/${view}`}${text === "" ? "" : `?${text}`}`;
}

/** What the page is asked: a place, and the moment as the ledger reads it. */
async function questionOf(ask: Ask, { what, at }: Asked): Promise<PageQuestion> {
  if (what.is === "group") {
    const { releases, at: then } = await snapshotOf(ask, { group: what.group }, at);
    const columns = [...new Set(releases.map(({ environment }) => environment))];
    const filter = what.service === undefined ? {} : { filter: what.service };
    return { columns, ...filter, at: at === undefined ? undefined : then };
  }
  if (what.is !== "place")
    throw new UsageError("the page opens at a place, not at an image, a commit or a tag");
  const { environment, service, back } = what;
  if (service === undefined) {
    if (at === undefined) return { columns: [environment] };
    const { at: then } = await call(ask, (client) =>
      client.snapshot({ environment, ...momentOf(ask, at), limit: 1 }),
    );
    return { columns: [environment], at: then };
  }
  const place = { environment, service };
  const release = await releaseBack(ask.ledger, await releaseAt(ask.ledger, place, at, ask.tz), back);
  return { place, at: at === undefined && back === 0 ? undefined : release.at };
}

const HELP = `
Examples:
  asof open production/billing yesterday
  asof open --view why production/billing 02:55`;

export const openCommand = (command: Command, io: Io): Command =>
  withAskOptions(command.argument("[what...]", "a place, and when"))
    .addOption(new Option("--view <view>", "which view of the page").choices(VIEWS).default("matrix"))
    .addHelpText("after", HELP)
    .action(async (words: string[]) => {
      const ask = await askFor(command, io);
      const question = isAboutNothing(ask, words)
        ? {}
        : await questionOf(ask, await askedBy(ask, command, words));
      const view = VIEWS.find((one) => one === command.opts().view) ?? "matrix";
      const url = `${ask.ledger.url.replace(/\/+$/, "")}${pagePath(view, question, ask.now)}`;
      await ask.print({ answer: { url }, lines: [[{ text: url, url }]] });
      io.browse?.(url);
      io.end(EXIT.done);
    });
