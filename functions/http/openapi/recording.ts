/** The OpenAPI description of the endpoints that record. */
import * as z from "zod";
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from "zod-openapi";
import { Problem } from "../../../schemas/answer.ts";
import { Discarded } from "../../../schemas/answers/quarantine.ts";
import { eventOf } from "../../../schemas/event.ts";
import { EXAMPLES } from "../../../schemas/examples.ts";
import { KINDS, OWN_KINDS, type Statement } from "../../../schemas/fact.ts";
import {
  Cancellation,
  Discard,
  Freeze,
  FreezeEnd,
  Mark,
  Note,
  RedeploymentEnd,
  RedeploymentRequest,
  Rename,
} from "../../../schemas/operation.ts";
import { Redeployment, Redeployments, Refusal } from "../../../schemas/redeployment.ts";
import { id } from "../../../schemas/scalars.ts";
import { byPath, type Source } from "../../sources/source.ts";
import { allSources } from "../../sources/sources.ts";
import { aboutFacts } from "./about-facts.ts";
import { outcomes, problem, REFUSALS } from "./answers.ts";

const json = (description: string, schema: z.ZodType) => ({
  description,
  content: { "application/json": { schema } },
});
const redeployments = (description: string) => json(description, Redeployments);

const CloudEvent = z
  .looseObject({
    specversion: z.literal("1.0"),
    type: z.string().meta({ examples: KINDS.map((kind) => `dev.asof.${kind}.v1`) }),
    source: z.string(),
    id: z.string(),
    time: z.string(),
    data: z.looseObject({}),
  })
  .meta({
    id: "CloudEvent",
    description: "CloudEvents 1.0; CDEvents are accepted too. data: the fact's own fields.",
  });

const exampleOf = (statement: Statement) => [statement.kind, { value: eventOf(statement) }] as const;
const examples = Object.values(EXAMPLES).filter(({ kind }) => !OWN_KINDS.has(kind));

const events: ZodOpenApiOperationObject = {
  operationId: "recordEvents",
  summary: "Records events: CloudEvents 1.0 (structured, binary or in a batch), and CDEvents as their data.",
  tags: ["Recording"],
  requestBody: {
    required: true,
    content: {
      "application/cloudevents+json": {
        schema: CloudEvent,
        examples: Object.fromEntries(examples.map(exampleOf)),
      },
      "application/cloudevents-batch+json": { schema: z.array(CloudEvent).max(500) },
    },
  },
  responses: {
    "200": outcomes("A duplicate, or a batch with the outcome of each event in order."),
    "201": outcomes("Recorded."),
    "202": outcomes("A known event that is not needed: ignored, with the reason."),
    "400": problem("The body cannot be read; it was quarantined whole."),
    ...REFUSALS,
    "409": problem("Another statement was recorded under this source and id; this one was quarantined."),
    "413": problem("The body or the batch is too large."),
    "415": problem("Neither a CloudEvent nor a batch of them."),
    "422": problem("The event is not of the expected form; it was quarantined."),
  },
};

const webhook = ({ vendor, verify }: Pick<Source, "vendor" | "verify">): ZodOpenApiOperationObject => ({
  operationId: `webhook_${vendor}`,
  summary: `Receives webhooks of ${vendor}, authenticated in the vendor's own way.`,
  tags: ["Recording"],
  security: verify === undefined ? [{ token: [] }] : [],
  requestBody: { required: true, content: { "application/json": { schema: z.looseObject({}) } } },
  responses: {
    "202": outcomes("Each statement was recorded, ignored or quarantined."),
    "401": problem("The delivery does not prove who sent it."),
    "413": problem("The body is too large."),
    "503": problem("The store did not answer in time; the sender will retry."),
  },
});

const byAddress = webhook({ vendor: "by_address", verify: byPath });

/** An operation that a person requests: a mark, a freeze, the end of a freeze. */
const operation = (operationId: string, summary: string, body: z.ZodType): ZodOpenApiOperationObject => ({
  operationId,
  summary,
  tags: ["Recording"],
  requestParams: {
    header: z.object({
      "Idempotency-Key": id.optional().meta({
        description:
          "The same request under the same key is recorded once. Without a key, it is recorded every time.",
      }),
    }),
  },
  requestBody: { required: true, content: { "application/json": { schema: body } } },
  responses: {
    "200": outcomes("A duplicate: it was recorded before, under the same Idempotency-Key."),
    "201": outcomes("Recorded."),
    "400": problem("The body is no JSON."),
    ...REFUSALS,
    "409": problem("Another request was recorded under this Idempotency-Key."),
    "413": problem("The body is too large."),
    "422": problem("The body or the Idempotency-Key is not of the expected form."),
  },
});

const requestOperation: ZodOpenApiOperationObject = {
  operationId: "redeploy",
  summary:
    "Requests a redeployment of an earlier release by its plan, unless the plan has changed since it was read. Freezes the service.",
  tags: ["Redeployments"],
  requestParams: {
    header: z.object({
      "Idempotency-Key": id.meta({
        description: "A new one for each request; it is remembered for seven days.",
      }),
    }),
  },
  requestBody: { required: true, content: { "application/json": { schema: RedeploymentRequest } } },
  responses: {
    "200": redeployments("A duplicate: it was requested before, under the same Idempotency-Key."),
    "201": redeployments("Recorded; the executor is notified."),
    "400": problem("The body is no JSON."),
    ...REFUSALS,
    "404": problem("Not found: a name is unknown."),
    "409": {
      description:
        "It cannot be done in the current state, or the Idempotency-Key belongs to another request.",
      content: {
        "application/problem+json": {
          schema: z.looseObject({ ...Problem.shape, refusals: z.array(Refusal).optional() }),
        },
      },
    },
    "413": problem("The body is too large."),
    "422": problem("The body is not of the expected form, or the Idempotency-Key is missing."),
  },
};

const endOperation: ZodOpenApiOperationObject = {
  operationId: "endRedeployment",
  summary: "Reports how a redeployment ended, if no deployer reports it. Its freeze stays.",
  tags: ["Redeployments"],
  requestParams: { path: z.object({ id }) },
  requestBody: { required: true, content: { "application/json": { schema: RedeploymentEnd } } },
  responses: {
    "200": json("A duplicate: it was reported before.", Redeployment),
    "201": json("Recorded.", Redeployment),
    "400": problem("The body is no JSON."),
    ...REFUSALS,
    "404": problem("The redeployment is not found."),
    "409": problem("The redeployment has already ended, or another outcome was reported."),
    "413": problem("The body is too large."),
    "422": problem("The body is not of the expected form."),
  },
};

const takeOperation: ZodOpenApiOperationObject = {
  operationId: "takeRedeployment",
  summary: "Takes a redeployment, before its executor runs anything: from then on no other executor ends it.",
  tags: ["Redeployments"],
  requestParams: { path: z.object({ id }) },
  responses: {
    "200": json("A duplicate: this token has taken it before.", Redeployment),
    "201": json("Taken.", Redeployment),
    ...REFUSALS,
    "404": problem("The redeployment is not found."),
    "409": problem("Another executor took it, or it is no longer to be carried out."),
    "413": problem("The body is too large."),
  },
};

const cancelOperation: ZodOpenApiOperationObject = {
  ...endOperation,
  operationId: "cancelRedeployment",
  summary: "Cancels a redeployment that has not ended, and ends the freeze of its service. Role operator.",
  requestBody: { required: true, content: { "application/json": { schema: Cancellation } } },
};

const attestation: ZodOpenApiOperationObject = {
  operationId: "recordAttestation",
  summary:
    "Records which commit a digest was built from: SLSA provenance, in an envelope or a Sigstore bundle.",
  tags: ["Recording"],
  requestBody: { required: true, content: { "application/json": { schema: z.looseObject({}) } } },
  responses: {
    "200": outcomes("A duplicate, or the outcome of each subject in order."),
    "201": outcomes("Recorded; a reason says why the signature was not verified."),
    "202": outcomes("An attestation of something other than a build: ignored, with the reason."),
    "400": problem("The body is not an attestation; it was quarantined whole."),
    ...REFUSALS,
    "409": problem("Another statement was recorded about this subject; this one was quarantined."),
    "413": problem("The body is too large."),
    "422": problem("It names no commit, or no digest; it was quarantined."),
  },
};

const ofQuarantined = {
  tags: ["Recording"],
  requestParams: { path: z.object({ key: z.string() }) },
};
const QUARANTINED = {
  ...REFUSALS,
  "404": problem("The item is not found."),
  "413": problem("The body is too large."),
};

const retryOperation: ZodOpenApiOperationObject = {
  ...ofQuarantined,
  operationId: "retryQuarantined",
  summary: "Takes a quarantined item again, reported by whoever asks for it. Role admin.",
  responses: {
    "200": outcomes("A duplicate; or the outcome of each of its statements in order."),
    "201": outcomes("Recorded; it left the quarantine."),
    "202": outcomes("It is not needed; it left the quarantine."),
    ...QUARANTINED,
    "409": problem("It is still in conflict, or only its sender can send it again."),
    "422": problem("It is still not of the expected form."),
  },
};

const discardOperation: ZodOpenApiOperationObject = {
  ...ofQuarantined,
  operationId: "discardQuarantined",
  summary: "Takes an item out of the quarantine for good, with a reason, which is logged. Role admin.",
  requestBody: { required: true, content: { "application/json": { schema: Discard } } },
  responses: {
    "200": json("Discarded.", Discarded),
    "400": problem("The body is no JSON."),
    ...QUARANTINED,
    "422": problem("The body is not of the expected form."),
  },
};

export const recordingPaths = async (): Promise<ZodOpenApiPathsObject> => ({
  "/v1/events": { post: events },
  ...Object.fromEntries(
    (await allSources()).map((source) => [`/v1/webhooks/${source.vendor}`, { post: webhook(source) }]),
  ),
  "/v1/webhooks/{vendor}/{secret}": {
    post: {
      ...byAddress,
      summary: "The same, for senders that can be configured only with an address.",
      requestParams: { path: z.object({ vendor: z.string(), secret: z.string() }) },
      responses: {
        ...byAddress.responses,
        "404": problem("The vendor is unknown."),
      },
    },
    options: {
      operationId: "welcome",
      summary:
        "The handshake of the CloudEvents web hook specification, in which a sender asks for permission.",
      tags: ["Recording"],
      security: [],
      requestParams: {
        path: z.object({ vendor: z.string(), secret: z.string() }),
        header: z.object({ "WebHook-Request-Origin": z.string() }),
      },
      responses: {
        "204": { description: "Permission, in the headers." },
        "422": problem("The header that names the sender is missing."),
      },
    },
  },
  "/v1/quarantine/{key}/retry": { post: retryOperation },
  "/v1/quarantine/{key}/discard": { post: discardOperation },
  "/v1/attestations": { post: attestation },
  ...aboutFacts,
  "/v1/redeployments": { post: requestOperation },
  "/v1/redeployments/{id}/take": { post: takeOperation },
  "/v1/redeployments/{id}/end": { post: endOperation },
  "/v1/redeployments/{id}/cancel": { post: cancelOperation },
  "/v1/marks": {
    post: operation("mark", "Marks an image as good or bad; the newest mark counts.", Mark),
  },
  "/v1/notes": {
    post: operation("note", "Notes what else was changed: a flag, a secret, infrastructure, data.", Note),
  },
  "/v1/freezes": {
    post: operation(
      "freeze",
      "Freezes an environment, or one service in it: the gate refuses every deployment.",
      Freeze,
    ),
  },
  "/v1/renames": {
    post: operation(
      "rename",
      "Reports that a service or an environment has another name: everything recorded of it is answered under that one.",
      Rename,
    ),
  },
  "/v1/freezes/end": {
    post: operation(
      "endFreeze",
      "Ends all freezes of an environment; or those of one service, which then also is an exception from its environment's; or lets one image through.",
      FreezeEnd,
    ),
  },
});
