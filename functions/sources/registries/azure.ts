/**
 * Azure Container Registry: its own webhooks, and its events through Azure Event Grid (Event Grid's schema, in arrays, or
 * single CloudEvents).
 *
 * Key: a webhook's `id`; for Event Grid, the outer `id` with the event's type, because the inner id is different, and is
 * not unique between events. The source is the registry's host, `/webhooks/azure/<host>`.
 * Proof: the `Authorization` header configured for the webhook (for Event Grid's subscription, a delivery property), or
 * the secret in the URL. Event Grid's handshake before the first event needs the same proof.
 * Not in the payload: the commit, the actor; for a chart, the host. The deletion of a tag alone is never sent.
 * Format: learn.microsoft.com, "Azure Container Registry webhook reference" and "Azure Container Registry as an Event
 * Grid source"; one of the samples there has a type without its prefix, which is refused.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { ignored, MAX_EVENTS, mapping, maybeText, quoted, rejected } from "../payload.ts";
import { isAnyOf, type Source } from "../source.ts";
import { mapRegistryEvent, RegistryEvent } from "./distribution.ts";

const UNNEEDED: ReadonlyMap<string, string> = new Map([
  ["ping", "a ping only checks the address"],
  ["quarantine", "a quarantine neither adds nor removes an image"],
  ["chart_push", "a chart is not an image"],
  ["chart_delete", "a chart is not an image"],
  ["Microsoft.ContainerRegistry.ChartPushed", "a chart is not an image"],
  ["Microsoft.ContainerRegistry.ChartDeleted", "a chart is not an image"],
]);

export const azure: Source = {
  vendor: "azure",
  verify: ({ headers, pathSecret }, secrets) =>
    isAnyOf(headers.get("authorization"), secrets) || isAnyOf(pathSecret, secrets),
  handshake,
  toStatements,
  covers: [
    {
      name: "Azure Container Registry",
      push: "yes",
      delete: "manifests",
      digest: "yes",
      time: "yes",
      identity: "event id",
      authentication: "`Authorization`, as configured, or the address",
      tried: "published samples",
    },
    {
      name: "Azure Container Registry by Event Grid",
      push: "yes",
      delete: "manifests",
      digest: "yes",
      time: "yes",
      identity: "event id and type",
      authentication: "`Authorization`, as configured, or the address",
      tried: "published samples",
    },
  ],
};

const Validation = z.tuple([
  z.looseObject({
    eventType: z.literal("Microsoft.EventGrid.SubscriptionValidationEvent"),
    data: z.looseObject({ validationCode: z.string().min(1).max(256) }),
  }),
]);

/** Event Grid sends no events to an endpoint that does not return its validation code. */
function handshake(payload: unknown): object | undefined {
  const asked = Validation.safeParse(payload);
  return asked.success ? { validationResponse: asked.data[0].data.validationCode } : undefined;
}

const Events = z.array(z.unknown()).max(MAX_EVENTS);
const One = z.looseObject({ specversion: maybeText });

function toStatements(payload: unknown): Mapped[] {
  if (Array.isArray(payload)) return mapping(Events, payload, (events) => events.flatMap(mapGridEvent));
  return mapping(One, payload, ({ specversion }) =>
    specversion === undefined ? mapHook(payload) : mapGridEvent(payload),
  );
}

const Hook = z.looseObject({ action: z.string() });

function mapHook(payload: unknown): Mapped[] {
  return mapping(Hook, payload, ({ action }) => {
    const unneeded = UNNEEDED.get(action);
    if (unneeded !== undefined) return [ignored(unneeded, payload)];
    return mapping(RegistryEvent, payload, (event) => [mapRegistryEvent("azure", event, payload)]);
  });
}

/** `eventType` belongs to Event Grid's schema, `type` to CloudEvents. */
const Typed = z.looseObject({ eventType: maybeText, type: maybeText });
const GridEvent = z.looseObject({ id: z.string().min(1), data: RegistryEvent });

const ACTIONS: ReadonlyMap<string, string> = new Map([
  ["Microsoft.ContainerRegistry.ImagePushed", "push"],
  ["Microsoft.ContainerRegistry.ImageDeleted", "delete"],
]);

function mapGridEvent(raw: unknown): Mapped[] {
  return mapping(Typed, raw, ({ eventType, type: ceType }) => {
    const type = eventType ?? ceType ?? "";
    if (!type.startsWith("Microsoft.")) {
      return [rejected(`eventType: ${quoted(type)} must start with Microsoft., as those of Azure do`, raw)];
    }
    const action = ACTIONS.get(type);
    if (action === undefined) {
      return [ignored(UNNEEDED.get(type) ?? `${quoted(type)} is not recorded`, raw)];
    }
    return mapping(GridEvent, raw, ({ id, data }) => {
      if (data.action !== action) return [rejected(`data.action: must be ${action}, as the type says`, raw)];
      return [mapRegistryEvent("azure", { ...data, id: `${id}/${type}` }, raw)];
    });
  });
}
