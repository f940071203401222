/** The options of `asof plan` and `asof redeploy`: which release, and which risks are accepted. */
import { type Command, Option } from "commander";
import * as z from "zod";
import { imageQueryOf } from "../../schemas/image-query.ts";
import type { RedeploymentRequest } from "../../schemas/operation.ts";
import type { Plan } from "../../schemas/plan.ts";
import { callLedger } from "../client.ts";
import { UsageError } from "../error.ts";
import type { Io } from "../io.ts";
import type { Ledger } from "../ledger.ts";

const several = (value: string, before: string[]): string[] => [...before, value];

/** The ways to name an image go together; a moment and the last good release go with nothing else. */
const IMAGE = ["digest", "tag", "imageVersion", "commit"];
const ALONE = ["at", "lastGood"];

/** One of the ways to name the target release. */
const targetOption = (flags: string, description: string): Option => {
  const option = new Option(flags, description);
  const name = option.attributeName();
  return option.conflicts(
    IMAGE.includes(name) ? ALONE : [...IMAGE, ...ALONE].filter((other) => other !== name),
  );
};

export const withPlanOptions = (command: Command): Command =>
  command
    .argument("[place...]", "ENVIRONMENT/SERVICE, then ~N (releases back) or a time, instead of the options")
    .option("--environment <name>", "which environment")
    .option("--service <name>", "which service, like acme/billing")
    .option("--tz <zone>", "the time zone of times in words (default: $TZ, else this machine's)")
    .addOption(
      targetOption(
        "--at <time>",
        "what ran then: RFC 3339, a date (the end of that day, UTC), yesterday, or -7d",
      ),
    )
    .addOption(
      targetOption("--digest <digest>", "the release that last ran this image there, else the image alone"),
    )
    .addOption(targetOption("--tag <tag>", "the image of this tag: 1.4.2, or ghcr.io/acme/billing:1.4.2"))
    .addOption(targetOption("--image-version <version>", "the image tagged with it, with or without a v"))
    .addOption(targetOption("--commit <sha>", "the service's image that was built from this commit"))
    .addOption(
      targetOption(
        "--last-good",
        "the newest release before this one with other images or configuration, no image marked as bad",
      ),
    )
    .addOption(
      new Option("--schema <choice>", "what to do about migrations applied since").choices([
        "keep",
        "revert",
      ]),
    )
    .option("--accept-configuration", "leave configuration as it is now, where no step restores it")
    .option("--accept-data-loss", "allow reverts that may lose data")
    .option(
      "--accept-substitute <digest>",
      "an image that may replace a deleted one; repeatable",
      several,
      [],
    )
    .option(
      "--accept-shared <service>",
      "a service that shares a database which may be reverted; repeatable",
      several,
      [],
    );

const maybe = z.string().optional();
const Options = z.looseObject({
  environment: maybe,
  service: maybe,
  at: maybe,
  digest: maybe,
  tag: maybe,
  imageVersion: maybe,
  commit: maybe,
  lastGood: z.literal(true).optional(),
  schema: z.enum(["keep", "revert"]).optional(),
  acceptConfiguration: z.literal(true).optional(),
  acceptDataLoss: z.literal(true).optional(),
  acceptSubstitute: z.array(z.string()),
  acceptShared: z.array(z.string()),
});

interface Named {
  readonly environment: string;
  readonly service: string;
  readonly at?: string;
}

/** The place and the moment that the words name; undefined without words. Throws a CliError for anything else. */
async function placeIn(command: Command, io: Io, ledger: Ledger): Promise<Named | undefined> {
  const words = command.args;
  if (words.length === 0) return undefined;
  const [{ readingBy, zoneOf }, { knownServices }, { timeOf, timeReader }, { releaseAt, releaseBack }] =
    await Promise.all([
      import("../ask/options.ts"),
      import("../ask/names.ts"),
      import("../ask/when.ts"),
      import("../ask/past.ts"),
    ]);
  const tz = zoneOf(z.looseObject({ tz: maybe }).parse(command.opts()), io);
  const read = await timeReader({ now: io.now(), tz });
  const { what, when } = await readingBy(
    { ledger, read, services: () => knownServices(ledger) },
    command,
    words,
    { only: "environments" },
  );
  if (what.is !== "place" || what.service === undefined)
    throw new UsageError(`${words.join(" ")}: a plan is of ENVIRONMENT/SERVICE`);
  const { environment, service, back } = what;
  if (when === undefined && back === 0) return { environment, service };
  const at = when === undefined ? undefined : timeOf(read, when);
  const release = await releaseBack(ledger, await releaseAt(ledger, { environment, service }, at, tz), back);
  return { environment, service, at: release.at };
}

/** Parameters of `GET /v1/plan` and fields of `POST /v1/redeployments`. */
export type PlanQuery = Omit<
  z.input<typeof RedeploymentRequest>,
  "service" | "all" | "expectedCurrent" | "planHash" | "reason" | "timeoutSeconds"
> & { readonly service: string };

/** Ends the command where no place or no target is given. */
export async function planQueryFrom(command: Command, io: Io, ledger: Ledger): Promise<PlanQuery> {
  const options = Options.parse(command.opts());
  const named = await placeIn(command, io, ledger);
  const { environment = named?.environment, service = named?.service, at = named?.at } = options;
  const { digest, tag, imageVersion: version, commit, lastGood, schema } = options;
  if (environment === undefined || service === undefined)
    return command.error("error: give a place like production/billing, or --environment and --service");
  const image = imageQueryOf({ digest, tag, version, commit });
  const { acceptConfiguration, acceptDataLoss, acceptSubstitute, acceptShared } = options;
  if (at === undefined && image === undefined && lastGood === undefined) {
    command.error(
      "error: give a time or ~1, or one of --at, --digest, --tag, --image-version, --commit and --last-good",
    );
  }
  return {
    environment,
    service,
    ...(at === undefined ? {} : { at }),
    ...image,
    ...(lastGood === undefined ? {} : { last: "good" }),
    ...(schema === undefined ? {} : { schema }),
    ...(acceptConfiguration === undefined ? {} : { acceptConfiguration }),
    ...(acceptDataLoss === undefined ? {} : { acceptDataLoss }),
    ...(acceptSubstitute.length === 0 ? {} : { acceptSubstitute }),
    ...(acceptShared.length === 0 ? {} : { acceptShared }),
  };
}

/** Throws what `callLedger` does. */
export const fetchPlan = (
  ledger: Ledger,
  query: PlanQuery,
  more: { readonly check?: "registry" } = {},
): Promise<Plan> => callLedger(ledger, (client) => client.plan({ ...query, ...more }));
