/** The bodies of operations: what people and executors do here. Unknown fields are refused, not ignored. */
import * as z from "zod";
import { imageSelectors, isOneTarget, ONE_TARGET } from "./questions/image-query.ts";
import { either, oneOf } from "./questions/question.ts";
import { digest, hash, id, name, prose, source, text, time, url } from "./scalars.ts";
import { toAnother } from "./statement-fields.ts";

/** The body of a retraction. */
export const Retraction = z.strictObject({
  source: source.meta({ description: "the source of the wrong fact" }),
  id,
  reason: z.string().min(1).max(1024),
});

/** The body of a dispute. */
export const Dispute = z.strictObject({
  source: source.meta({ description: "the source of the fact that is doubted" }),
  id,
  reason: prose(1024).min(1),
});

/** The body of a review of a change that took effect. */
export const Review = z.strictObject({
  source: source.meta({ description: "the source of the change's fact, as the audit report names it" }),
  id,
  verdict: z.enum(["accepted", "rejected"]),
  comment: prose(1024).min(1).meta({ description: "what was found, and what follows from it" }),
});

const reason = prose(1024).min(1);

/** The body with which something quarantined is discarded. */
export const Discard = z.strictObject({ reason });

/** Names that the ledger does not know are refused: a misspelt freeze would stop nothing. */
const create = z.literal(true).exactOptional().meta({ description: "Accepts a name that is not known yet." });

/** The body of a mark: an image is good or bad. */
export const Mark = z.strictObject({
  digest: digest.meta({
    description:
      "the digest of the image's index, a platform's manifest or its config; the mark applies to all of them",
  }),
  verdict: z.enum(["good", "bad"]),
  reason: reason.exactOptional(),
  create,
});

/** The body of a freeze. */
export const Freeze = z
  .strictObject({
    environment: name,
    service: name.exactOptional().meta({ description: "Default: the whole environment." }),
    from: time.exactOptional().meta({ description: "When it begins. Default: at once." }),
    until: time.exactOptional().meta({ description: "Its last moment. Default: until it is ended." }),
    allowRollbacks: z
      .literal(true)
      .exactOptional()
      .meta({ description: "Lets redeployments through that operators request." }),
    silenceAlerts: z.literal(true).exactOptional().meta({
      description: "Planned maintenance: silences the alerts of the place from `from` to `until`.",
    }),
    reason,
    create,
  })
  .refine(({ from, until }) => until === undefined || from === undefined || from <= until, {
    error: "until: must not be earlier than `from`",
  })
  .refine(({ silenceAlerts, until }) => silenceAlerts === undefined || until !== undefined, {
    error: "silenceAlerts goes with `until`: a silence has to end",
  });

/** The body of the end of a freeze. */
export const FreezeEnd = z.strictObject({
  environment: name,
  service: name.exactOptional().meta({
    description:
      "Ends the service's own freeze, and makes it an exception from the freeze of its environment. Default: the environment's freeze ends.",
  }),
  digest: digest.exactOptional().meta({ description: "Only this image is let through; the freeze stays." }),
  reason: reason.exactOptional(),
  create,
});

/** The body of a rename. */
export const Rename = z
  .strictObject({
    what: z.enum(["environment", "service"]),
    from: name.meta({ description: "The name until then." }),
    to: name.meta({ description: "The name from then on." }),
    at: time.exactOptional().meta({ description: "When it got the name. Default: now." }),
    create,
  })
  .refine(...toAnother);
export type Rename = z.infer<typeof Rename>;

/** The body of a note: what else somebody changed. */
export const Note = z.strictObject({
  environment: name,
  service: name.exactOptional().meta({ description: "Default: all of the environment." }),
  type: text(64).meta({ description: "flag, secret, infrastructure, data, or a word of your own" }),
  title: text(512).meta({ description: "what changed, in one line" }),
  url: url.exactOptional(),
  create,
});

/** The body of a redeployment's cancellation. */
export const Cancellation = z.strictObject({ reason });

/** An instant or a date in the body of a request: a date means the end of its day, UTC. */
const endOfDay = z
  .union([time, z.iso.date({ error: "must be a date like 2026-10-22 or a time like 2026-10-22T08:11:00Z" })])
  .meta({ description: "RFC 3339, or a date: the end of that day, UTC.", examples: ["2026-10-22"] });

/** Converts it to an instant. */
export const instantOfDay = (value: string): string => (value.length > 10 ? value : `${value}T23:59:59.999Z`);

/** The body of a redeployment request: the question of its plan, and what the sender saw in the plan. */
export const RedeploymentRequest = z
  .strictObject({
    environment: name,
    service: name.exactOptional(),
    all: z
      .literal(true)
      .exactOptional()
      .meta({ description: "Redeploys every service that ran there then." }),
    at: endOfDay.exactOptional(),
    digest: imageSelectors.digest.exactOptional(),
    tag: imageSelectors.tag.exactOptional(),
    version: imageSelectors.version.exactOptional(),
    commit: imageSelectors.commit.exactOptional(),
    last: z.literal("good").exactOptional(),
    schema: z.enum(["keep", "revert"]).exactOptional(),
    config: z.enum(["revert"]).exactOptional(),
    acceptConfiguration: z.literal(true).exactOptional(),
    acceptDataLoss: z.literal(true).exactOptional(),
    acceptSubstitute: z.array(digest).min(1).max(32).exactOptional(),
    // The plan's question lists these names separated by commas.
    acceptShared: z
      .array(name.refine((value) => !value.includes(","), { error: "must hold no comma" }))
      .min(1)
      .max(32)
      .exactOptional(),
    expectedCurrent: digest.nullable().exactOptional().meta({
      description:
        "What runs now, from the plan (`components[].from`), for any component; null: nothing known.",
    }),
    planHash: hash.meta({ description: "`hash` of the plan that was reviewed." }),
    reason: reason.meta({ description: "Recorded in the history." }),
    despiteFreeze: z
      .literal(true)
      .exactOptional()
      .meta({ description: "Requests it although people have frozen the place; recorded with the reason." }),
    timeoutSeconds: z.int().min(60).max(86_400).default(3600).meta({
      description: "No executor starts it after this time; without a result by then, it has timed out.",
    }),
  })
  .refine((it) => oneOf(it.service, it.all), either("service", "all"))
  .refine(isOneTarget, ONE_TARGET)
  .refine((it) => it.all === undefined || it.at !== undefined, { error: "all goes with at" })
  .refine((it) => it.all === undefined || it.acceptShared === undefined, {
    error: "acceptShared goes with a service: those of one request accept each other",
  })
  .refine((it) => (it.all === undefined) === (it.expectedCurrent !== undefined), {
    error: "expectedCurrent goes with a service, and has to be given there",
  });
export type RedeploymentRequest = z.infer<typeof RedeploymentRequest>;

/** The body of a redeployment's end, sent by whoever carried it out if no deployer reports the result. */
export const RedeploymentEnd = z.strictObject({
  outcome: z.enum(["succeeded", "failed"]),
  reason: reason.exactOptional(),
});
