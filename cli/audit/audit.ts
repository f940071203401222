/** `asof audit`: every change of a period, who approved it, and what the controls find. */
import { type Command, Option } from "commander";
import * as z from "zod";
import type { Audit } from "../../schemas/answers/audit.ts";
import { render } from "../ask/style.ts";
import { timeOf, timeReader } from "../ask/when.ts";
import { timesIn } from "../ask/words-for.ts";
import { EXIT, type Io } from "../io.ts";
import { callLedger } from "../ledger/client.ts";
import { type Ledger, LedgerOptions, ledgerFrom, withLedgerOptions } from "../ledger/ledger.ts";

const FORMATS = ["text", "json", "csv", "html"] as const;

const maybe = z.string().optional();
const Options = z.looseObject({
  ...LedgerOptions.shape,
  environment: z.string(),
  service: maybe,
  from: z.string(),
  to: maybe,
  knownAt: maybe,
  sinceLast: maybe,
  sample: maybe,
  seed: maybe,
  stratify: maybe,
  tz: maybe,
  format: z.enum(FORMATS).default("text"),
});

const HELP = `
Examples:
  asof audit --environment production --from 2026-07-01 --to 2026-09-30
  asof audit --environment production --from 2026-07-01 --to 2026-09-30 \\
    --sample 25 --seed Q3 --stratify emergency,service --format html > q3.html
  asof audit --environment production --from 2026-07-01 --to 2026-09-30 --since-last 2026-10-05

It needs a token of the role auditor or admin, and each report is recorded in the ledger. A period includes its last day.
With --known-at the same report can be had again, byte for byte as JSON.`;

/** The report as text lines, or as one document. */
async function shown(ledger: Ledger, io: Io, options: z.infer<typeof Options>, ask: Ask): Promise<string> {
  const { format, tz = zoneOf(io), sinceLast } = options;
  const now = io.now().toISOString();
  const report = await ask(options.knownAt);
  const times = timesIn(tz, now);
  if (format === "json") return JSON.stringify(report);
  if (format === "csv") return (await import("./csv.ts")).auditTable(report).trimEnd();
  const { session } = await callLedger(ledger, (client) => client.session());
  const made = { by: session?.name ?? "unknown", at: now, tz };
  if (format === "html") return (await import("./page.ts")).auditPage(report, times, made).trimEnd();
  const lines = (await import("./text.ts")).auditLines(report, times, made);
  const more =
    sinceLast === undefined
      ? []
      : (await import("./since.ts")).sinceLines(await ask(sinceLast), report, times);
  const style = { color: false, links: false, ascii: false };
  return [...lines, ...more].map((line) => render(line, style)).join("\n");
}

type Ask = (knownAt: string | undefined) => Promise<Audit>;

const zoneOf = ({ env }: Io): string => env.TZ ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

export const auditCommand = (command: Command, io: Io): Command =>
  withLedgerOptions(command)
    .requiredOption("-e, --environment <name>", "the environment")
    .option("-s, --service <name>", "only changes of this service")
    .requiredOption("--from <when>", "the first day, or a time")
    .option("--to <when>", "the last day, or a time (default: now)")
    .option("--known-at <time>", "by what was known then")
    .option("--since-last <time>", "beside it, what has become known since a report of that time")
    .option("--sample <n>", "draw this many changes, to look at each")
    .option("--seed <text>", "of the sample: the same seed draws the same changes")
    .option("--stratify <by>", "draw from each group in turn: emergency, service, or both")
    .option("--tz <zone>", "the time zone of days (default: $TZ, else this machine's)")
    .addOption(
      new Option("-f, --format <form>", "text, the ledger's JSON, a table, or a document").choices(FORMATS),
    )
    .addHelpText("after", HELP)
    .action(async () => {
      const options = Options.parse(command.opts());
      const { environment, service, sample, seed, stratify, tz = zoneOf(io) } = options;
      const ledger = ledgerFrom(options, io);
      const read = await timeReader({ now: io.now(), tz });
      const at = (words: string | undefined) => (words === undefined ? {} : { to: timeOf(read, words) });
      const query = {
        environment,
        tz,
        sealing: "true" as const,
        from: timeOf(read, options.from),
        ...at(options.to),
        ...(service === undefined ? {} : { service }),
        ...(sample === undefined ? {} : { sample }),
        ...(seed === undefined ? {} : { seed }),
        ...(stratify === undefined ? {} : { stratify }),
      };
      const ask: Ask = (knownAt) =>
        callLedger(ledger, (client) =>
          client.audit({ ...query, ...(knownAt === undefined ? {} : { knownAt: timeOf(read, knownAt) }) }),
        );
      io.out(await shown(ledger, io, options, ask));
      io.end(EXIT.done);
    });
