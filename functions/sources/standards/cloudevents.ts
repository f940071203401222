/**
 * CloudEvents 1.0, for senders without a vendor's webhook, in its three forms (structured, binary, batch), and our own
 * event types, `dev.asof.<kind>.v1`. A CDEvent may also come bare, without a CloudEvent around it.
 *
 * Key: the event's own `source` and `id`, which the specification requires to be unique together. Sources of the
 * ledger's own endpoints (`/webhooks/…`) are refused. `time` is required, so that a retry is identical.
 * Proof: none in the event; the endpoint requires a writer's token.
 * Senders can only declare: `evidence` is `declared`; `verified`, and every field that only the ledger sets, is refused.
 * Format: cloudevents/spec, v1.0.2: spec.md, bindings/http-protocol-binding.md, formats/json-format.md.
 */
import * as z from "zod";
import { KINDS, type Kind, OWN_KINDS } from "../../../schemas/fact.ts";
import type { Mapped } from "../../../schemas/mapped.ts";
import { faultsOf } from "../../../schemas/scalars.ts";
import { forbidden, ignored, MAX_EVENTS, maybeText, quoted, readJson, rejected, said } from "../payload.ts";
import { type Delivery, RESERVED_PREFIXES } from "../source.ts";
import { bareTypeOf, mapCdEvent } from "./cdevents.ts";

// --- reading a delivery -----------------------------------------------------------------------------------

/** Why a delivery cannot be read at all; the endpoint maps each reason to a status. */
export type Unreadable = "malformed" | "unsupported" | "too many";

export type Reading =
  | { readonly is: "one" | "batch"; readonly events: readonly unknown[] }
  | { readonly is: "unreadable"; readonly why: Unreadable; readonly reason: string };

const unreadable = (why: Unreadable, reason: string): Reading => ({ is: "unreadable", why, reason });

/** The events of a delivery, in order and unchanged; not yet validated. */
export function readEvents({ headers, body }: Delivery): Reading {
  const type = mediaType(headers);
  if (type === "application/cloudevents+json") return readOne(body);
  if (type === "application/cloudevents-batch+json") return readBatch(body);
  if (!type.startsWith("application/cloudevents") && headers.has("ce-specversion")) {
    return readBinary(headers, body);
  }
  const bare = type === "application/json" ? readBare(body) : undefined;
  if (bare !== undefined) return bare;
  return unreadable(
    "unsupported",
    "Content-Type must be application/cloudevents+json or application/cloudevents-batch+json, " +
      "or the event's attributes must be in ce- headers; as application/json, only CDEvents are accepted",
  );
}

const mediaType = (headers: Headers): string =>
  (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";

/** CDEvents without a CloudEvent around them, one or a batch; undefined for any other JSON. */
function readBare(body: string): Reading | undefined {
  const json = readJson(body);
  if (json.is === "fault") return undefined;
  const reading = Array.isArray(json.value) ? readBatch(body) : readOne(body);
  if (reading.is === "unreadable" || reading.events.length === 0) return reading;
  return reading.events.every((event) => bareTypeOf(event) !== undefined) ? reading : undefined;
}

function readOne(body: string): Reading {
  const json = readJson(body);
  return json.is === "json"
    ? { is: "one", events: [json.value] }
    : unreadable("malformed", `the body ${json.reason}`);
}

function readBatch(body: string): Reading {
  const json = readJson(body);
  if (json.is === "fault") return unreadable("malformed", `the body ${json.reason}`);
  if (!Array.isArray(json.value)) return unreadable("malformed", "a batch must be a JSON array of events");
  if (json.value.length > MAX_EVENTS) {
    return unreadable(
      "too many",
      `a batch holds at most ${MAX_EVENTS} events; this one has ${json.value.length}`,
    );
  }
  return { is: "batch", events: json.value };
}

/** Binary mode: the attributes are in headers, the data is the body. */
function readBinary(headers: Headers, body: string): Reading {
  const attributes = [...headers].filter(([name]) => name.startsWith("ce-"));
  const decoded = attributes.map(([name, value]) => [name.slice("ce-".length), decodeHeader(value)] as const);
  const broken = decoded.find(([, value]) => value === undefined);
  if (broken !== undefined) {
    return unreadable("malformed", `the header ce-${broken[0]} must be percent-encoded UTF-8`);
  }
  const event = Object.fromEntries(decoded);
  const datacontenttype = headers.get("content-type") ?? undefined;
  if (body === "") return { is: "one", events: [{ ...event, datacontenttype }] };
  if (!isJson(datacontenttype)) return { is: "one", events: [{ ...event, datacontenttype, data: body }] };
  const json = readJson(body);
  if (json.is === "fault") return unreadable("malformed", `the body ${json.reason}`);
  return { is: "one", events: [{ ...event, datacontenttype, data: json.value }] };
}

/** HTTP binding, 3.1.3.2: possibly quoted, then percent-encoded. */
function decodeHeader(value: string): string | undefined {
  const unquoted = /^"(.*)"$/s.exec(value)?.[1]?.replaceAll(/\\(.)/gs, "$1") ?? value;
  try {
    return decodeURIComponent(unquoted);
  } catch {
    return undefined;
  }
}

/** Without a content type, data is JSON (JSON format, 3.1). */
const isJson = (type: string | undefined): boolean =>
  type === undefined || /^[^/;]+\/([^;]+\+)?json\s*(;|$)/i.test(type);

// --- from an event to a statement -------------------------------------------------------------------------

const CloudEvent = z.looseObject({
  specversion: z.literal("1.0"),
  type: z.string().min(1),
  source: z.string().min(1),
  id: z.string().min(1),
  time: maybeText,
  datacontenttype: maybeText,
  data: z.unknown().optional(),
  data_base64: maybeText,
});
type CloudEvent = z.infer<typeof CloudEvent>;

/** Maps one event. Never throws; `forbidden` marks statements that no sender may report here. */
export function toStatement(event: unknown): Mapped {
  const mapped = mapAny(event);
  if (mapped.is !== "statement" || !isReserved(mapped.statement.source)) return mapped;
  return forbidden(`source: ${RESERVED_PREFIXES.join(" and ")} belong to the ledger's own endpoints`, event);
}

function mapAny(event: unknown): Mapped {
  const bareType = bareTypeOf(event);
  if (bareType !== undefined) return mapCdEvent(bareType, event, event);
  const parsed = CloudEvent.safeParse(event);
  return parsed.success ? mapEvent(parsed.data, event) : rejected(faultsOf(parsed.error), event);
}

const isReserved = (source: string): boolean => RESERVED_PREFIXES.some((prefix) => source.startsWith(prefix));

function mapEvent(event: CloudEvent, raw: unknown): Mapped {
  const ours = event.type.startsWith("dev.asof.");
  if (!ours && !event.type.startsWith("dev.cdevents.")) {
    return ignored(`events of type ${quoted(event.type)} are not recorded`, raw);
  }
  const data = dataOf(event);
  if (data.is === "fault") return rejected(data.reason, raw);
  return ours ? mapOwn(event, data.value, raw) : mapCdEvent(event.type, data.value, raw);
}

function dataOf({ data, data_base64, datacontenttype }: CloudEvent): ReturnType<typeof readJson> {
  if (data_base64 === undefined) return { is: "json", value: data };
  if (data !== undefined) return { is: "fault", reason: "data_base64: must not be used together with data" };
  if (!isJson(datacontenttype)) return { is: "fault", reason: "datacontenttype: must be a JSON type" };
  if (!z.base64().safeParse(data_base64).success)
    return { is: "fault", reason: "data_base64: must be Base64" };
  const json = readJson(Buffer.from(data_base64, "base64").toString("utf8"));
  return json.is === "json" ? json : { is: "fault", reason: `data_base64: ${json.reason}` };
}

/** Fields that the data may not have: attributes of the event itself, and fields that only the ledger sets. */
const SAID_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["kind", "is the event's type"],
  ["source", "is the event's source"],
  ["id", "is the event's id"],
  ["occurredAt", "is the event's time"],
  ["digestFrom", "is set by the ledger alone"],
  ["v", "is set by the ledger alone"],
  ["recordedAt", "is set by the ledger alone"],
  ["reportedBy", "is set by the ledger alone"],
  ["statementHash", "is set by the ledger alone"],
  ["rawHash", "is set by the ledger alone"],
]);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function mapOwn({ type, source, id, time }: CloudEvent, given: unknown, raw: unknown): Mapped {
  const kind = kindOf(type);
  if (kind === undefined)
    return rejected(`type: must be dev.asof.<kind>.v1; ${quoted(type)} is no such type`, raw);
  if (OWN_KINDS.has(kind))
    return forbidden(`type: ${kind} is reported by the ledger's own endpoints only`, raw);
  if (time === undefined) {
    return rejected("time: is required: it is the time of the event, and makes a retry identical", raw);
  }
  if (!isObject(given)) return rejected("data: must be a JSON object, the fact's own fields", raw);
  const fault = faultOf(kind, given);
  if (fault !== undefined) return rejected(`data.${fault}`, raw);
  const declared = kind === "artifact.built" ? { evidence: "declared" } : {};
  return said({ ...given, ...declared, kind, source, id, occurredAt: time }, raw);
}

function kindOf(type: string): Kind | undefined {
  const named = /^dev\.asof\.(.+)\.v1$/.exec(type)?.[1];
  return KINDS.find((kind) => kind === named);
}

/** The first field that this sender may not set, with the reason. */
function faultOf(kind: Kind, data: Record<string, unknown>): string | undefined {
  for (const [field, why] of SAID_ELSEWHERE) if (Object.hasOwn(data, field)) return `${field}: ${why}`;
  if (data.timeFrom !== undefined && data.timeFrom !== "clock" && data.timeFrom !== "created")
    return "timeFrom: must be absent, or clock (the time is that of the sender's clock) or created (the image's own)";
  if (kind !== "artifact.built") return undefined;
  if (Object.hasOwn(data, "verified")) return "verified: only an endpoint that verified it may report this";
  const { evidence } = data;
  if (evidence === undefined || evidence === "declared") return undefined;
  return "evidence: must be absent or declared: nothing stronger was verified here";
}
