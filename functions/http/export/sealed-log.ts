/**
 * The endpoints of the sealed log, as a folder of `c2sp.org/tlog-tiles`. Hashes, checkpoints and the key are public: they
 * say nothing about any fact. Entries are all environments' facts, so they need an auditor who is bound to nothing; a
 * bound one gets the proofs of the facts that it may see.
 */
import { type Context, Hono } from "hono";
import { ProofQuestion } from "../../../schemas/questions/question.ts";
import type { Anchors } from "../../../schemas/settings/anchors.ts";
import type { ListedLog } from "../../seal/log-store.ts";
import { positionsIn } from "../../seal/positions.ts";
import { writeProof } from "../../seal/proof.ts";
import { CHECKPOINT, inclusionProofs, KEY } from "../../seal/read-log.ts";
import { tileOf } from "../../seal/tiles.ts";
import type { Ledger } from "../context.ts";
import { EndpointError } from "../problem.ts";
import { askedBy, found, holder, query, unboundHolder } from "../request.ts";

/** What never changes may be kept for ever. */
const FOR_EVER = "max-age=31536000, immutable";
const TEXT = "text/plain; charset=utf-8";
const BYTES = "application/octet-stream";

function logOf({ sealedLog }: Ledger): ListedLog {
  if (sealedLog !== undefined) return sealedLog;
  throw new EndpointError("unknown", "This ledger is not sealed here: see docs/sealing.md.");
}

async function file(ledger: Ledger, path: string, type: string, cached: string): Promise<Response> {
  const stored = await logOf(ledger).get(path);
  if (stored === undefined)
    throw new EndpointError("unknown", `Not found: the log has no ${path}, or not yet.`);
  return new Response(Uint8Array.from(stored.bytes), {
    headers: { "Content-Type": type, "Cache-Control": cached },
  });
}

/** @param who may see it, in its `Cache-Control` */
function tile(ledger: Ledger, c: Context, who: "public" | "private"): Promise<Response> {
  const path = c.req.path.slice("/v1/log/".length);
  if (tileOf(path) !== undefined) return file(ledger, path, BYTES, `${who}, ${FOR_EVER}`);
  throw new EndpointError(
    "unknown",
    "No such tile: a path is like tile/0/x001/234, or tile/entries/000.p/5.",
  );
}

async function entries(ledger: Ledger, c: Context): Promise<Response> {
  const why = "entries are facts of all of it; GET /v1/log/proof proves one fact";
  await unboundHolder(ledger, c, "export", why);
  return tile(ledger, c, "private");
}

/** A file that is named by a size: `checkpoints/5`, `anchors/5.tsr`. */
function ofSize(ledger: Ledger, c: Context, type: string): Promise<Response> {
  const path = c.req.path.slice("/v1/log/".length);
  if (!/^(checkpoints\/[1-9]\d{0,15}|anchors\/[1-9]\d{0,15}\.tsr)$/.test(path))
    throw new EndpointError("unknown", "No such size: a path is like checkpoints/5, or anchors/5.tsr.");
  return file(ledger, path, type, `public, ${FOR_EVER}`);
}

/** The sizes of the checkpoints that have a time-stamp, so that whoever copies the log finds them. */
async function anchors(ledger: Ledger, c: Context): Promise<Response> {
  const names = await logOf(ledger).names("anchors");
  const sizes = names
    .map((name) => Number(/^([1-9]\d{0,15})\.tsr$/.exec(name)?.[1] ?? Number.NaN))
    .filter(Number.isSafeInteger)
    .toSorted((a, b) => a - b);
  return c.json({ sizes } satisfies Anchors, 200, { "Cache-Control": "public, max-age=300" });
}

async function proof(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "export");
  const log = logOf(ledger);
  const identity = query(c, ProofQuestion);
  const [fact] = await askedBy(ledger, who).store.get([identity]);
  const { source, id, recordedAt } = found(fact, `fact ${identity.id} of ${identity.source}`);
  const index = await positionsIn(log)({ source, id, recordedAt });
  const note = (await log.get(CHECKPOINT))?.bytes.toString() ?? "";
  const size = Number(note.split("\n")[1] ?? 0);
  if (index === undefined || index >= size)
    throw new EndpointError(
      "not now",
      "The fact is not sealed yet. Facts are sealed every minute: try again.",
    );
  const text = writeProof(index, await inclusionProofs(log, size)(index), note);
  return new Response(text, { headers: { "Content-Type": TEXT, "Cache-Control": "private, no-cache" } });
}

export function sealedLogEndpoints(ledger: Ledger): Hono {
  const app = new Hono();
  app.get("/v1/log/checkpoint", () => file(ledger, CHECKPOINT, TEXT, "public, max-age=5"));
  app.get("/v1/log/key", () => file(ledger, KEY, TEXT, `public, ${FOR_EVER}`));
  app.get("/v1/log/tile/entries/:path{.+}", (c) => entries(ledger, c));
  app.get("/v1/log/tile/:level/:path{.+}", async (c) => tile(ledger, c, "public"));
  app.get("/v1/log/checkpoints/:size", async (c) => ofSize(ledger, c, TEXT));
  app.get("/v1/log/anchors", (c) => anchors(ledger, c));
  app.get("/v1/log/anchors/:file", async (c) => ofSize(ledger, c, "application/timestamp-reply"));
  app.get("/v1/log/proof", (c) => proof(ledger, c));
  return app;
}
