/** The query parameters of every question. Unknown parameters are refused, not ignored. */
import * as z from "zod";
import { digest, id, imageRepository, name, sha, source, tag, text, time } from "../scalars.ts";
import { DAY, millisecondsOf } from "../words/durations.ts";
import { imageQueryOf, imageSelectors, isOneTarget, ONE_TARGET } from "./image-query.ts";

/** An exact time; a `+` that a client did not encode arrives as a space. */
export const Instant = z
  .string()
  .transform((value) => value.replace(/ (?=\d{2}:\d{2}$)/, "+"))
  .pipe(time);

const date = z.iso.date();
/** The time of a clock on a wall; which instant it is depends on the time zone. */
const localTime = z.iso.datetime({ local: true }).refine((value) => !value.endsWith("Z"));
const relative = z.string().regex(/^(now|today|yesterday|-\d{1,6}[mhdw])$/, "must be a relative time");

const asPeriod = (edge: "start" | "end") =>
  z
    .string()
    .refine((value) => [Instant, date, localTime, relative].some((form) => form.safeParse(value).success), {
      error:
        "must be a time like 2026-10-22T08:11:00Z or 2026-10-22T10:11:00+02:00, a date like 2026-10-22, yesterday, or -7d",
    })
    .meta({
      description: `RFC 3339; a date, today or yesterday: the ${edge} of that day; now; or a time ago, like -90m, -12h, -7d, -2w. With \`tz\` also a local time, like 2026-10-22T10:11.`,
      examples: ["2026-10-22T08:11:00Z", "2026-10-22", "yesterday", "-7d"],
    });
export const endOfPeriod = asPeriod("end");
export const startOfPeriod = asPeriod("start");

const isZone = (value: string): boolean => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: value }).resolvedOptions().timeZone !== undefined;
  } catch {
    return false;
  }
};
export const tz = text(64)
  .refine(isZone, { error: "must be an IANA time zone, like Europe/Berlin" })
  .optional()
  .meta({
    description: "The time zone of days and local times. Default: UTC.",
    examples: ["Europe/Berlin"],
  });

export const knownAt = endOfPeriod.optional().meta({
  description:
    "Only facts recorded by then count: what was known at that time. Not in the future. Default: now.",
});
const at = endOfPeriod.optional();
const moment = { at, knownAt, tz };

const limit = (most: number, usual: number) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .max(most)
    .default(usual)
    .meta({ description: `Entries a page, at most ${most}.` });
const cursor = text(4096).optional().meta({ description: "`next` of the previous page." });
const page = (most: number, usual: number) => ({ limit: limit(most, usual), cursor });

export const either = (...names: string[]) => ({ error: `needs exactly one of ${names.join(" and ")}` });
export const oneOf = (...values: unknown[]) => values.filter((value) => value !== undefined).length === 1;
export const noneOf = (...values: unknown[]) => values.every((value) => value === undefined);

const extent = {
  environment: name.optional(),
  group: name.optional().meta({
    description: "Instead of `environment`: the answers of all its environments, side by side.",
  }),
};
type Extent = { environment?: string | undefined; group?: string | undefined };
const isExtent = ({ environment, group }: Extent) => oneOf(environment, group);
const oneExtent = either("environment", "group");
/** Each environment has pages of its own. */
const isOfOnePlace = (it: Extent & { cursor?: string | undefined }) =>
  it.group === undefined || it.cursor === undefined;
const onePlace = {
  error: "cursor goes with `environment`: each environment of a group has pages of its own",
};

export const ReleaseQuestion = z.strictObject({
  environment: name,
  service: name,
  ...moment,
  sealed: z
    .literal("true")
    .transform(() => true)
    .optional()
    .meta({ description: "Also says which of its facts are in the sealed log, and where." }),
});

export const SnapshotQuestion = z
  .strictObject({ environment: name.optional(), group: name.optional(), ...moment, ...page(100, 50) })
  .refine(isExtent, oneExtent);

export const DriftQuestion = SnapshotQuestion;

export const ServicesQuestion = z.strictObject({
  environment: name.optional().meta({ description: "Default: all services." }),
  ...moment,
  ...page(100, 50),
});

export const RepositoriesQuestion = z.strictObject({ ...moment, ...page(100, 50) });

export const NeededQuestion = z.strictObject({
  repository: imageRepository,
  since: startOfPeriod
    .optional()
    .meta({ description: "Images that ran since then are needed; default: those that run now alone." }),
  knownAt,
  tz,
  ...page(50, 20),
});

export const EnvironmentsQuestion = z.strictObject({ ...moment, ...page(100, 50) });

/** A period and, like a moment, the time by which facts must be known. It ends now if no end is given. */
export const period = { from: startOfPeriod, to: endOfPeriod.optional(), knownAt, tz };

export const TimelineQuestion = z
  .strictObject({
    ...extent,
    service: name.optional(),
    ...period,
    ...page(500, 200),
    format: z.enum(["json", "csv"]).default("json").meta({
      description: "csv: a line for each component of an entry; the header `Link` leads to the next page.",
    }),
  })
  .refine(isExtent, oneExtent)
  .refine(isOfOnePlace, onePlace)
  .refine((it) => it.group === undefined || it.format === "json", {
    error: "format goes with `environment`",
  });

export const DeliveryQuestion = z
  .strictObject({
    ...extent,
    service: name.optional(),
    ...period,
  })
  .refine(isExtent, oneExtent)
  .refine(isOfOnePlace, onePlace);

export const HistoryQuestion = z
  .strictObject({
    ...extent,
    ...period,
    ...page(10_000, 2000),
  })
  .refine(isExtent, oneExtent);

/** Everything in the window is read: a longer one is a timeline's. */
const WINDOW_MAX_MS = 14 * DAY;
const window = z
  .templateLiteral([z.int().min(1), z.enum(["m", "h", "d"])], {
    error: "must be a duration like 30m, 2h or 3d",
  })
  .transform((value) => millisecondsOf(value, "mhd") ?? Number.POSITIVE_INFINITY)
  .refine((ms) => ms <= WINDOW_MAX_MS, { error: "must be at most 14d" })
  .default(DAY)
  .meta({ description: "How far back from `before`, at most 14d. Default: 1d.", examples: ["2h"] });

export const ChangesQuestion = z
  .strictObject({
    ...extent,
    service: name.optional().meta({
      description: "The service that broke. Default: all changes of the environment.",
    }),
    before: endOfPeriod.optional().meta({ description: "When it broke. Default: now." }),
    window,
    knownAt,
    tz,
  })
  .refine(isExtent, oneExtent);

export const DiffQuestion = z
  .strictObject({
    ...extent,
    from: startOfPeriod.optional().meta({
      description: "Compares the state just before this time with that at `to`.",
    }),
    to: endOfPeriod.optional(),
    with: name
      .optional()
      .meta({ description: "Another environment; both are compared at one moment (`at`)." }),
    ...moment,
    ...page(100, 50),
  })
  .refine(isExtent, oneExtent)
  .refine(isOfOnePlace, onePlace)
  .refine((it) => oneOf(it.from, it.with), either("from", "with"))
  .refine((it) => it.with !== undefined || it.at === undefined, {
    error: "at goes with `with`; use from and to",
  })
  .refine((it) => it.with === undefined || it.to === undefined, { error: "to goes with `from`; use at" });

export const ArtifactQuestion = z.strictObject({ digest, ...moment });
export const CommitQuestion = z.strictObject({ sha, ...moment });
export const TagQuestion = z.strictObject({ repository: imageRepository, tag, ...moment });
/** Which sources had reported by then: `occurredAt` does not matter here, so the earlier of the two times counts. */
export const QuarantineQuestion = z.strictObject(page(100, 50));

export const PeopleQuestion = z.strictObject(page(1000, 200));

export const SourcesQuestion = z.strictObject({ ...moment, ...page(100, 100) });

export const GateQuestion = z
  .strictObject({
    ...extent,
    service: name,
    digest: digest.optional(),
    commit: sha.optional().meta({
      description: "Instead of `digest`: of a service without images, which is deployed by its commit.",
    }),
    ...moment,
  })
  .refine(isExtent, oneExtent)
  .refine((it) => oneOf(it.digest, it.commit), either("digest", "commit"));

/** One fact, and the proof of one. */
export const FactQuestion = z.strictObject({ source, id });
export const ProofQuestion = FactQuestion;

/** Several values of one parameter, separated by commas. */
export const several = <T extends z.ZodType<string, string>>(one: T, max: number) =>
  text(8192)
    .transform((value) => value.split(","))
    .pipe(z.array(one).max(max))
    .optional();

export const PlanQuestion = z
  .strictObject({
    ...extent,
    service: name.optional().meta({ description: "Default: every service of the environment." }),
    at: at.meta({ description: "The release that ran at this time." }),
    digest: imageSelectors.digest.optional(),
    tag: imageSelectors.tag.optional(),
    version: imageSelectors.version.optional(),
    commit: imageSelectors.commit.optional(),
    last: z.literal("good").optional().meta({
      description:
        "The newest earlier release with different images or configuration that is good: known, not marked as bad, not rolled back from, and not several variants side by side.",
    }),
    knownAt,
    tz,
    schema: z.enum(["keep", "revert"]).optional().meta({
      description:
        "Whether migrations applied since are kept or reverted. Default: kept if all are reported to run with older code.",
    }),
    config: z.enum(["revert"]).optional().meta({
      description:
        "Puts configuration back that no deploy step brings, where it is in git: by a step that commits the earlier files.",
    }),
    acceptConfiguration: z
      .literal("true")
      .transform(() => true)
      .optional()
      .meta({ description: "Accepts that configuration stays as it is now, where no step restores it." }),
    acceptDataLoss: z
      .literal("true")
      .transform(() => true)
      .optional()
      .meta({ description: "Accepts reverts that may lose data." }),
    acceptSubstitute: several(digest, 64).meta({
      description: "Digests of images that may replace images that are gone; separated by commas.",
    }),
    acceptShared: several(name, 64).meta({
      description:
        "Services that use the same database, and may be affected by its revert; separated by commas.",
      examples: ["acme/invoices"],
    }),
    revertedElsewhere: several(name, 64).meta({
      description:
        "Databases that the redeployment of another service reverts, so that this plan has no steps for them; separated by commas.",
      examples: ["shop"],
    }),
    format: z
      .enum(["json", "kustomize", "compose"])
      .default("json")
      .meta({ description: "json: the plan. Any other: only its images, pinned, as a YAML file." }),
    check: z.literal("registry").optional().meta({
      description:
        "Asks the registries in ASOF_REGISTRIES now whether the plan's images are there. The result is in `registry`; `status` and `hash` do not depend on it.",
    }),
    ...page(100, 50),
  })
  .refine(isExtent, oneExtent)
  .refine(isOfOnePlace, onePlace)
  .refine((it) => it.group === undefined || it.format === "json", {
    error: "format goes with `environment`",
  })
  // No default: the same question must mean the same tomorrow.
  .refine(isOneTarget, ONE_TARGET)
  .refine((it) => it.service !== undefined || noneOf(imageQueryOf(it), it.last), {
    error: "digest, tag, version, commit and last go with a service",
  })
  .refine((it) => it.service !== undefined || it.acceptShared === undefined, {
    error: "acceptShared goes with a service",
  })
  .refine((it) => it.service !== undefined || it.revertedElsewhere === undefined, {
    error: "revertedElsewhere goes with a service",
  })
  .refine((it) => it.service === undefined || it.cursor === undefined, {
    error: "cursor goes without a service",
  })
  .refine((it) => it.check === undefined || it.format === "json", {
    error: "check goes with the format json: a file has no place for what it finds",
  });

export const FreezesQuestion = z.strictObject({
  environment: name.optional().meta({ description: "Default: everywhere." }),
  ...moment,
  ...page(100, 50),
});

export const RedeploymentsQuestion = z
  .strictObject({
    environment: name.optional().meta({ description: "Default: everywhere." }),
    service: name.optional().meta({ description: "All redeployments of this service, newest first." }),
    knownAt,
    tz,
    ...page(50, 20),
  })
  .refine((it) => it.service === undefined || it.environment !== undefined, {
    error: "service goes with environment",
  });

export const RedeploymentQuestion = z.strictObject({ knownAt, tz });
