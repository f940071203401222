/** The description of the doors where something is said. */
import * as z from "zod";
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from "zod-openapi";
import { Problem } from "../../../schemas/answer.ts";
import { eventOf } from "../../../schemas/event.ts";
import { EXAMPLES } from "../../../schemas/examples.ts";
import { KINDS, OWN_KINDS, type Statement } from "../../../schemas/fact.ts";
import {
  Freeze,
  FreezeEnd,
  Mark,
  RedeploymentEnd,
  RedeploymentRequest,
  Retraction,
} from "../../../schemas/question.ts";
import { Redeployment, Redeployments, Refusal } from "../../../schemas/redeployment.ts";
import { id } from "../../../schemas/scalars.ts";
import { byPath, type Source } from "../../sources/source.ts";
import { allSources } from "../../sources/sources.ts";
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
    description: "CloudEvents 1.0; CDEvents are taken too. data: the fact's own fields.",
  });

const exampleOf = (statement: Statement) => [statement.kind, { value: eventOf(statement) }] as const;
const said = Object.values(EXAMPLES).filter(({ kind }) => !OWN_KINDS.has(kind));

const events: ZodOpenApiOperationObject = {
  operationId: "recordEvents",
  summary: "Records events: CloudEvents 1.0, structured, binary or in a batch, and CDEvents in them.",
  tags: ["Recording"],
  requestBody: {
    required: true,
    content: {
      "application/cloudevents+json": {
        schema: CloudEvent,
        examples: Object.fromEntries(said.map(exampleOf)),
      },
      "application/cloudevents-batch+json": { schema: z.array(CloudEvent).max(500) },
    },
  },
  responses: {
    "200": outcomes("A duplicate, or a batch with the outcome of each event in order."),
    "201": outcomes("Recorded."),
    "202": outcomes("Known and not needed: ignored, with the reason."),
    "400": problem("The body cannot be read; it was kept aside whole."),
    ...REFUSALS,
    "409": problem("Another statement was recorded under this source and id; this one was kept aside."),
    "413": problem("The body or the batch is too large."),
    "415": problem("Neither a CloudEvent nor a batch of them."),
    "422": problem("The event is not of the expected form; it was kept aside."),
  },
};

const webhook = ({ vendor, verify }: Pick<Source, "vendor" | "verify">): ZodOpenApiOperationObject => ({
  operationId: `webhook_${vendor}`,
  summary: `Takes what ${vendor} sends, authenticated its own way.`,
  tags: ["Recording"],
  security: verify === undefined ? [{ token: [] }] : [],
  requestBody: { required: true, content: { "application/json": { schema: z.looseObject({}) } } },
  responses: {
    "202": outcomes("Each statement was recorded, ignored or kept aside."),
    "401": problem("The delivery does not prove who sent it."),
    "413": problem("The body is too large."),
    "503": problem("The store did not answer in time; the sender will retry."),
  },
});

const byAddress = webhook({ vendor: "by_address", verify: byPath });

const retraction: ZodOpenApiOperationObject = {
  operationId: "retract",
  summary: "Says that a fact was wrong. Final: state it anew under another id.",
  tags: ["Recording"],
  requestBody: { required: true, content: { "application/json": { schema: Retraction } } },
  responses: {
    "200": outcomes("It was retracted before, for the same reason."),
    "201": outcomes("Retracted."),
    "400": problem("The body is no JSON."),
    ...REFUSALS,
    "409": problem("It was retracted before, for another reason."),
    "413": problem("The body is too large."),
    "422": problem("There is no such fact, or it cannot be retracted."),
  },
};

/** What a person says here of a release or a place. */
const operation = (operationId: string, summary: string, body: z.ZodType): ZodOpenApiOperationObject => ({
  operationId,
  summary,
  tags: ["Recording"],
  requestParams: {
    header: z.object({
      "Idempotency-Key": id
        .optional()
        .meta({ description: "The same request under the same key is recorded once. Absent: every time." }),
    }),
  },
  requestBody: { required: true, content: { "application/json": { schema: body } } },
  responses: {
    "200": outcomes("It was said before, under the same Idempotency-Key."),
    "201": outcomes("Recorded."),
    "400": problem("The body is no JSON."),
    ...REFUSALS,
    "409": problem("Something else was said under this Idempotency-Key."),
    "413": problem("The body is too large."),
    "422": problem("The body or the Idempotency-Key is not of the expected form."),
  },
});

const requesting: ZodOpenApiOperationObject = {
  operationId: "redeploy",
  summary:
    "Asks for a release to be put back: the plan that was looked at, if nothing has changed since. Freezes the service.",
  tags: ["Redeployments"],
  requestParams: {
    header: z.object({
      "Idempotency-Key": id.meta({ description: "One for each click; it is known again for seven days." }),
    }),
  },
  requestBody: { required: true, content: { "application/json": { schema: RedeploymentRequest } } },
  responses: {
    "200": redeployments("It was asked for before, under the same Idempotency-Key."),
    "201": redeployments("Recorded; whoever carries it out is told."),
    "400": problem("The body is no JSON."),
    ...REFUSALS,
    "404": problem("A name that the ledger never heard of."),
    "409": {
      description: "It cannot be done as things stand, or the Idempotency-Key stands for another request.",
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

const ending: ZodOpenApiOperationObject = {
  operationId: "endRedeployment",
  summary: "Says how a redeployment ended, where no deployer's report does. Its freeze stays.",
  tags: ["Redeployments"],
  requestParams: { path: z.object({ id }) },
  requestBody: { required: true, content: { "application/json": { schema: RedeploymentEnd } } },
  responses: {
    "200": json("It was said before.", Redeployment),
    "201": json("Recorded.", Redeployment),
    "400": problem("The body is no JSON."),
    ...REFUSALS,
    "404": problem("There is no such redeployment."),
    "409": problem("It is over already, or something else was said of its end."),
    "413": problem("The body is too large."),
    "422": problem("The body is not of the expected form."),
  },
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
    "202": outcomes("An attestation that tells of no build: ignored, with the reason."),
    "400": problem("The body is no attestation; it was kept aside whole."),
    ...REFUSALS,
    "409": problem("Another statement was recorded of this subject; this one was kept aside."),
    "413": problem("The body is too large."),
    "422": problem("It names no commit, or no digest; it was kept aside."),
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
      summary: "The same for a sender that can be given nothing but an address.",
      requestParams: { path: z.object({ vendor: z.string(), secret: z.string() }) },
      responses: {
        ...byAddress.responses,
        "404": problem("There is no such vendor."),
      },
    },
    options: {
      operationId: "welcome",
      summary:
        "Whether a sender of CloudEvents is welcome: the handshake of the CloudEvents web hook specification.",
      tags: ["Recording"],
      security: [],
      requestParams: {
        path: z.object({ vendor: z.string(), secret: z.string() }),
        header: z.object({ "WebHook-Request-Origin": z.string() }),
      },
      responses: {
        "204": { description: "It is; the headers say so." },
        "422": problem("The header that names the sender is missing."),
      },
    },
  },
  "/v1/attestations": { post: attestation },
  "/v1/retractions": { post: retraction },
  "/v1/redeployments": { post: requesting },
  "/v1/redeployments/{id}/end": { post: ending },
  "/v1/marks": {
    post: operation("mark", "Says of an image that it is good or bad; the newest mark counts.", Mark),
  },
  "/v1/freezes": {
    post: operation(
      "freeze",
      "Freezes an environment, or a service there: the gate lets nothing through.",
      Freeze,
    ),
  },
  "/v1/freezes/end": {
    post: operation(
      "endFreeze",
      "Ends what was frozen: an environment, or a service there. Each is ended by itself, however often it was frozen.",
      FreezeEnd,
    ),
  },
});
