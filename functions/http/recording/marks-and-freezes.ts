/** The endpoints where people mark images, note changes, freeze environments and end a freeze, and rename services and environments. */
import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import type * as z from "zod";
import type { StatementOf } from "../../../schemas/fact.ts";
import { Freeze, FreezeEnd, Mark, Note, Rename } from "../../../schemas/operation.ts";
import { faultsOf, fold, id } from "../../../schemas/scalars.ts";
import { narrowed, refusal } from "../../ledger/authority/grants.ts";
import { canonical, sha256 } from "../../ledger/canonical.ts";
import { EVER, newest } from "../../ledger/fact-reader.ts";
import { receive } from "../../ledger/ingest/ingest.ts";
import { knownName } from "../../ledger/names/directories.ts";
import { nearestNames } from "../../ledger/names/nearest-names.ts";
import { afterNewest, type FrozenPlace } from "../../queries/gate/freezes.ts";
import { said } from "../../sources/payload.ts";
import type { Ledger } from "../context.ts";
import { present } from "../present-names.ts";
import { EndpointError } from "../problem.ts";
import { bodyOf, holder, knownAtOf, knownPlace, senderOf } from "../request.ts";
import { answerOne } from "./outcomes.ts";

/** The Idempotency-Key of a request, which identifies a repeated one. */
export function idempotencyKey(c: Context): string | undefined {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return undefined;
  const parsed = id.safeParse(key);
  if (!parsed.success) throw new EndpointError("rejected", `Idempotency-Key: ${faultsOf(parsed.error)}`);
  return parsed.data;
}

type Operation = StatementOf<
  | "release.marked"
  | "environment.frozen"
  | "environment.unfrozen"
  | "change.noted"
  | "service.renamed"
  | "environment.renamed"
>;
type Common = Pick<Operation, "id" | "occurredAt" | "timeFrom" | "actor">;

/** Throws an EndpointError if a place is unknown, with the nearest names. */
async function refuseUnknown(ledger: Ledger, named: FrozenPlace): Promise<void> {
  const known = await knownAtOf(ledger, {});
  await knownPlace(known, await present(known, named));
}

/** Throws an EndpointError if nothing bears the former name of a rename, with the nearest names. */
async function refuseUnknownName(ledger: Ledger, { what, from }: Rename): Promise<void> {
  const known = await knownAtOf(ledger, {});
  if (what === "environment") return refuseUnknown(ledger, { environment: from });
  if ((await knownName(known, { of: "catalog" }, fold(from))) !== undefined) return;
  const suggestions = await nearestNames(known, { of: "catalog" }, from);
  const nearest = suggestions.length === 0 ? "" : ` Nearest: ${suggestions.join(", ")}.`;
  throw new EndpointError(
    "unknown",
    `Not found: service ${from}.${nearest} GET /v1/services lists the known names; create: true renames it all the same.`,
    { suggestions },
  );
}

/** Throws an EndpointError if nothing is known of a digest. */
async function refuseUnknownDigest({ store }: Ledger, digest: string): Promise<void> {
  const aspects = ["image", "deployed", "task", "evidence"] as const;
  const facts = await Promise.all(
    aspects.map((aspect) => newest({ store, knownAt: EVER }, { of: "digest", digest, aspect }, EVER)),
  );
  if (facts.some((fact) => fact !== undefined)) return;
  throw new EndpointError(
    "unknown",
    `Not found: no fact names the digest ${digest}. Check it, or mark it all the same with create: true.`,
  );
}

/** Makes a handler that records a request as a statement by the holder of its token, at the current time. */
const operate =
  <T extends { create?: true }>(
    endpoint: "marks" | "freezes" | "notes" | "renames",
    schema: z.ZodType<T>,
    statementOf: (body: Omit<T, "create">, common: Common) => Operation,
    refuse: (ledger: Ledger, body: T) => Promise<void>,
    timeOf: (ledger: Ledger, body: T) => Promise<string> = async ({ now }) => now().toISOString(),
  ) =>
  async (ledger: Ledger, c: Context): Promise<Response> => {
    const who = await holder(ledger, c, "operate");
    const given = await bodyOf(c, schema);
    const { create, ...body } = given;
    const key = idempotencyKey(c);
    const common = {
      // The keys of two tokens are two keys.
      id: key === undefined ? randomUUID() : sha256(canonical([who.name, key])),
      occurredAt: await timeOf(ledger, given),
      // The time is not part of the comparison, so that the same request again is a duplicate.
      timeFrom: "receipt",
      actor: who.name,
    } as const;
    const statement = statementOf(body, common);
    // Includes the kind: a freeze and its end may have the same body.
    const raw = { kind: statement.kind, ...body };
    const sender = senderOf(endpoint, who);
    // A sender who may not report it gets 403, whether the name is known or not.
    if (create === undefined && refusal(who, narrowed(who, statement)) === undefined)
      await refuse(ledger, given);
    return answerOne(c, await receive(ledger, sender, [said(statement, raw)]));
  };

const FREEZES = "/asof/freezes";

/** A time after every freeze and end of freeze recorded so far: the newest counts, whatever the machines' clocks. */
const afterOthers = async (
  ledger: Ledger,
  selector: { environment: string; service?: string },
): Promise<string> => {
  const known = await knownAtOf(ledger, {});
  return afterNewest({ ...known, knownAt: EVER }, await present(known, selector), ledger.now());
};

export const operations: Readonly<Record<string, (ledger: Ledger, c: Context) => Promise<Response>>> = {
  "/v1/marks": operate(
    "marks",
    Mark,
    (body, common) => ({ kind: "release.marked", source: "/asof/marks", ...common, ...body }),
    (ledger, { digest }) => refuseUnknownDigest(ledger, digest),
  ),
  "/v1/notes": operate(
    "notes",
    Note,
    (body, common) => ({ kind: "change.noted", source: "/asof/notes", ...common, ...body }),
    refuseUnknown,
  ),
  "/v1/freezes": operate(
    "freezes",
    Freeze,
    (body, common) => ({ kind: "environment.frozen", source: FREEZES, ...common, ...body }),
    refuseUnknown,
    afterOthers,
  ),
  "/v1/freezes/end": operate(
    "freezes",
    FreezeEnd,
    (body, common) => ({ kind: "environment.unfrozen", source: FREEZES, ...common, ...body }),
    refuseUnknown,
    afterOthers,
  ),
  "/v1/renames": operate(
    "renames",
    Rename,
    ({ what, from, to, at }, { timeFrom, ...common }) => ({
      kind: `${what}.renamed`,
      source: "/asof/renames",
      ...common,
      // A stated time is part of the statement.
      ...(at === undefined ? { timeFrom } : {}),
      ...{ from, to },
    }),
    refuseUnknownName,
    async ({ now }, { at }) => at ?? now().toISOString(),
  ),
};
