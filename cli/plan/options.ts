/** The options of `asof plan` and `asof redeploy`: which release, and which risks are accepted. */
import { type Command, Option } from "commander";
import * as z from "zod";
import type { RedeploymentRequest } from "../../schemas/operation.ts";
import { imageQueryOf } from "../../schemas/questions/image-query.ts";
import { type Ask, readingBy } from "../ask/options.ts";
import { releaseAt, releaseBack } from "../ask/release-history.ts";
import { timeOf } from "../ask/when.ts";
import { UsageError } from "../error.ts";

const several = (value: string, before: string[]): string[] => [...before, value];

/** The ways to name an image go together; a moment, a number of releases and the last good one go with nothing else. */
const IMAGE = ["digest", "tag", "imageVersion", "commit"];
const ALONE = ["at", "back", "lastGood"];

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
    .option("-e, --environment <name>", "exactly this environment")
    .option("-s, --service <name>", "exactly this service, like acme/billing")
    .addOption(targetOption("--back <n>", "so many releases before"))
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
    .addOption(
      new Option(
        "--config <choice>",
        "put configuration back that no deploy step brings: by a commit",
      ).choices(["revert"]),
    )
    .option(
      "--accept-config, --accept-configuration",
      "leave configuration as it is now, where no step restores it",
    )
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
  back: z.coerce.number().int().min(1).max(1000).optional(),
  digest: maybe,
  tag: maybe,
  imageVersion: maybe,
  commit: maybe,
  lastGood: z.literal(true).optional(),
  schema: z.enum(["keep", "revert"]).optional(),
  config: z.enum(["revert"]).optional(),
  acceptConfiguration: z.literal(true).optional(),
  acceptDataLoss: z.literal(true).optional(),
  acceptSubstitute: z.array(z.string()),
  acceptShared: z.array(z.string()),
});

interface Named {
  readonly environment: string;
  readonly service: string;
  /** The time that the words name, and how many releases before it. */
  readonly when?: string;
  readonly back: number;
}

/** What the words name; undefined without words. Throws a CliError for anything but ENVIRONMENT/SERVICE. */
async function placeIn(command: Command, ask: Ask): Promise<Named | undefined> {
  const words = command.args;
  if (words.length === 0) return undefined;
  const { what, when } = await readingBy(ask, command, words, { only: "environments" });
  if (what.is !== "place" || what.service === undefined)
    throw new UsageError(`${words.join(" ")}: a plan is of ENVIRONMENT/SERVICE`);
  const { environment, service, back } = what;
  return { environment, service, back, ...(when === undefined ? {} : { when: timeOf(ask.read, when) }) };
}

/** The time of the release so many steps back. */
async function timeBack({ ledger, tz }: Ask, { environment, service, when, back }: Named): Promise<string> {
  const first = await releaseAt(ledger, { environment, service }, when, tz);
  return (await releaseBack(ledger, first, back)).at;
}

/** Parameters of `GET /v1/plan` and fields of `POST /v1/redeployments`. */
export type PlanQuery = Omit<
  z.input<typeof RedeploymentRequest>,
  "service" | "all" | "expectedCurrent" | "planHash" | "reason" | "timeoutSeconds"
> & { readonly service: string };

type Aim = Pick<PlanQuery, "at" | "digest" | "tag" | "version" | "commit" | "last">;

/** The target that the options name by themselves; undefined without any. */
function aimOf({
  at,
  digest,
  tag,
  imageVersion: version,
  commit,
  lastGood,
}: z.infer<typeof Options>): Aim | undefined {
  if (at !== undefined) return { at };
  return lastGood === undefined ? imageQueryOf({ digest, tag, version, commit }) : { last: "good" };
}

/** What the sender of the question accepts. */
const acceptedIn = ({
  schema,
  config,
  acceptConfiguration,
  acceptDataLoss,
  acceptSubstitute,
  acceptShared,
}: z.infer<typeof Options>) => ({
  ...(schema === undefined ? {} : { schema }),
  ...(config === undefined ? {} : { config }),
  ...(acceptConfiguration === undefined ? {} : { acceptConfiguration }),
  ...(acceptDataLoss === undefined ? {} : { acceptDataLoss }),
  ...(acceptSubstitute.length === 0 ? {} : { acceptSubstitute }),
  ...(acceptShared.length === 0 ? {} : { acceptShared }),
});

/**
 * Ends the command where no place or no target is given.
 * @param usual how many releases to go back where no target is given
 */
export async function planQueryFrom(command: Command, ask: Ask, usual = 0): Promise<PlanQuery> {
  const options = Options.parse(command.opts());
  const aim = aimOf(options);
  const named = await placeIn(command, ask);
  const { environment = named?.environment, service = named?.service } = options;
  if (environment === undefined || service === undefined)
    return command.error("error: give a place like production/billing, or --environment and --service");
  const selector = { environment, service, ...acceptedIn(options) };
  const given = options.back ?? named?.back ?? 0;
  const isNamed = given > 0 || named?.when !== undefined;
  if (aim !== undefined && isNamed)
    return command.error("error: the words name a release already: leave out the option");
  if (aim !== undefined) return { ...selector, ...aim };
  const back = isNamed ? given : usual;
  if (!isNamed && back === 0)
    return command.error(
      "error: give a time or ~1, or one of --at, --back, --digest, --tag, --image-version, --commit and --last-good",
    );
  return { ...selector, at: await timeBack(ask, { ...named, environment, service, back }) };
}
