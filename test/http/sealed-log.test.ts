/** Who is handed which part of the sealed log, and that receipts name the leaf. */
import { parse } from "csv-parse/sync";
import { afterAll, describe, expect, it, vi } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { hashOfLeaf } from "../../functions/seal/merkle.ts";
import { readKey } from "../../functions/seal/note.ts";
import { readProof } from "../../functions/seal/proof.ts";
import { seal } from "../../functions/seal/sealer.ts";
import { Release } from "../../schemas/answers/release.ts";
import { clientOf, event } from "../client.ts";
import { memoryLog } from "../seal/memory-log.ts";
import { newSigner } from "../seal/signer.ts";
import { cleanUp, deployed, givenDoors, problemOf, SECRETS } from "./given.ts";

afterAll(cleanUp);

const BOUND_AUDITOR = "bound-auditor-that-nobody-may-see";
const OTHER_AUDITOR = "other-auditor-that-nobody-may-see";

async function given() {
  const log = memoryLog();
  const signer = newSigner("log.example/test");
  const tokens = parseTokens(
    `admin:ann:an-admin-that-nobody-may-see,auditor:al:auditor-token-that-nobody-may-see,reader:ray:reader-token-that-nobody-may-see,auditor:bo:${BOUND_AUDITOR}:environments=production:services=acme/billing,auditor:cy:${OTHER_AUDITOR}:environments=staging`,
  );
  const doors = givenDoors({ sealedLog: log, secrets: async () => ({ tokens, webhooks: SECRETS }) });
  const as = (token?: string) => clientOf(async (path, init) => doors.app.request(path, init), token);
  const received = await as("an-admin-that-nobody-may-see").say(deployed("1"));
  const sealNow = () => seal({ store: doors.ledger.store, log, signer, now: doors.ledger.now });
  return { ...doors, log, signer, as, received, sealNow };
}

const FACT = "/v1/log/proof?source=%2Ftest&id=1";

describe("the sealed log", () => {
  it("names the leaf of a fact in its receipt", async () => {
    const { ledger, received, as } = await given();
    const [fact] = await ledger.store.get([{ source: "/test", id: "1" }]);
    const leaf = hashOfLeaf(Buffer.from(JSON.stringify(fact))).toString("hex");
    expect(JSON.parse(received.text).outcomes).toMatchObject([{ outcome: "recorded", leafHash: leaf }]);
    const again = await as("an-admin-that-nobody-may-see").say(deployed("1"));
    expect(JSON.parse(again.text).outcomes).toMatchObject([{ outcome: "duplicate", leafHash: leaf }]);
  });

  it("hands everybody the checkpoint for seconds, and key and hashes for ever", async () => {
    const { as, log, sealNow, signer } = await given();
    expect(problemOf(await as().get("/v1/log/checkpoint"))).toMatchObject({ status: 404 });
    await sealNow();
    const checkpoint = await as().get("/v1/log/checkpoint");
    expect([checkpoint.status, checkpoint.headers.get("cache-control")]).toEqual([200, "public, max-age=5"]);
    expect(checkpoint.text).toBe(log.files.get("checkpoint")?.toString());
    const forEver = "public, max-age=31536000, immutable";
    const key = await as().get("/v1/log/key");
    expect([readKey(key.text), key.headers.get("cache-control")]).toEqual([signer.key, forEver]);
    const tile = await as().get("/v1/log/tile/0/000.p/2");
    expect([tile.status, tile.headers.get("cache-control")]).toEqual([200, forEver]);
    expect((await as().get("/v1/log/checkpoints/2")).text).toBe(checkpoint.text);
    for (const path of [
      "tile/0/001",
      "tile/0/0",
      "tile/../head",
      "checkpoints/3",
      "checkpoints/x",
      "anchors/2.tsr",
    ])
      expect(problemOf(await as().get(`/v1/log/${path}`))).toMatchObject({ status: 404 });
  });

  it("hands entries to auditors who are bound to nothing", async () => {
    const { as, sealNow } = await given();
    await sealNow();
    const path = "/v1/log/tile/entries/000.p/2";
    const entries = await as("auditor-token-that-nobody-may-see").get(path);
    expect(entries.status).toBe(200);
    expect(entries.headers.get("cache-control")).toBe("private, max-age=31536000, immutable");
    expect(entries.text).toContain('"source":"/test"');
    expect(problemOf(await as().get(path))).toMatchObject({ status: 401 });
    expect(problemOf(await as("reader-token-that-nobody-may-see").get(path))).toMatchObject({ status: 403 });
    expect(problemOf(await as(BOUND_AUDITOR).get(path))).toMatchObject({ status: 403 });
  });

  it("lists the checkpoints that are time-stamped", async () => {
    const { as, log, sealNow } = await given();
    await sealNow();
    expect((await as().get("/v1/log/anchors")).json).toEqual({ sizes: [] });
    for (const name of ["12.tsr", "2.tsr", "x.tsr"]) log.files.set(`anchors/${name}`, Buffer.of());
    const { json, headers } = await as().get("/v1/log/anchors");
    expect([json, headers.get("cache-control")]).toEqual([{ sizes: [2, 12] }, "public, max-age=300"]);
  });

  it("is where a table of facts says that each stands, by reading each hour of it once", async () => {
    const { as, log, sealNow, setNow } = await given();
    const table = async () => {
      setNow("2026-11-22T12:00:00.000Z");
      const auditor = as("auditor-token-that-nobody-may-see");
      const { text } = await auditor.get("/v1/export", { from: "2026-11-22", format: "csv" });
      const rows: Record<string, string>[] = parse(text, { columns: true });
      return rows.map((row) => [row.id, row["log index"]]);
    };
    expect(await table()).toEqual([["1", ""]]);
    await sealNow();
    setNow("2026-11-22T10:10:00.000Z");
    await as("an-admin-that-nobody-may-see").sayAll([deployed("2"), deployed("3")]);
    await sealNow();
    const read = vi.spyOn(log, "get");
    expect(await table()).toEqual([
      ["1", "0"],
      ["2", "2"],
      ["3", "3"],
    ]);
    expect(read.mock.calls).toEqual([["positions/2026-11-22T09"], ["positions/2026-11-22T10"]]);
  });

  it("shows a reader one fact as it was reported, with its leaf and whether it is sealed", async () => {
    const { as, received, sealNow } = await given();
    const reader = as("reader-token-that-nobody-may-see");
    const ask = async () => (await reader.get("/v1/fact", { source: "/test", id: "1" })).json;
    const [{ leafHash }] = JSON.parse(received.text).outcomes;
    const fact = { kind: "deployment.succeeded", source: "/test", id: "1", environment: "production" };
    expect(await ask()).toMatchObject({ fact, leafHash, sealed: { size: 0, index: null } });
    await sealNow();
    expect(await ask()).toMatchObject({ sealed: { size: 2, index: 0 } });
    const missing = await reader.get("/v1/fact", { source: "/test", id: "7" });
    expect(problemOf(missing)).toMatchObject({ status: 404 });
    const bound = await as(OTHER_AUDITOR).get("/v1/fact", { source: "/test", id: "1" });
    expect(problemOf(bound)).toMatchObject({ status: 404 });
  });

  it("shows the retraction of a fact to those alone who may see that fact", async () => {
    const { as } = await given();
    const wrong = { source: "/test", id: "1", reason: "wrong" };
    const { text } = await as("an-admin-that-nobody-may-see").post("/v1/retractions", wrong);
    const [{ source, id }] = JSON.parse(text).outcomes;
    const ask = (token: string) => as(token).get("/v1/fact", { source, id });
    expect((await ask("reader-token-that-nobody-may-see")).json).toMatchObject({ fact: { source, id } });
    expect(problemOf(await ask(OTHER_AUDITOR))).toMatchObject({ status: 404 });
  });

  it("is where a release says that its facts stand, if it is asked for it", async () => {
    const { as, sealNow, setNow } = await given();
    const asked = { environment: "production", service: "acme/billing" };
    const reader = as("reader-token-that-nobody-may-see");
    const sealedOf = async (more: Record<string, string>) =>
      Release.parse((await reader.get("/v1/release", { ...asked, ...more })).json).sealed;
    const one = { source: "/test", id: "1" };
    expect(await sealedOf({ sealed: "true" })).toEqual({ size: 0, facts: [], unsealed: [one] });
    await sealNow();
    setNow("2026-11-22T09:10:00.000Z");
    const described = event("service.described", "s", "2026-10-19T08:00:00.000Z", {
      service: "acme/billing",
      owner: "team-billing",
    });
    await as("an-admin-that-nobody-may-see").say(described);
    const other = { source: "/test", id: "s" };
    expect(await sealedOf({ sealed: "true" })).toEqual({
      size: 2,
      facts: [{ ...one, index: 0 }],
      unsealed: [other],
    });
    await sealNow();
    expect(await sealedOf({ sealed: "true" })).toEqual({
      size: 4,
      facts: [
        { ...one, index: 0 },
        { ...other, index: 2 },
      ],
      unsealed: [],
    });
    expect(await sealedOf({})).toBeUndefined();
    expect((await reader.get("/v1/release", { ...asked, sealed: "yes" })).status).toBe(422);
  });

  it("costs a release no request to the store, and one round trip to the log", async () => {
    const { as, sealNow, ledger, log } = await given();
    await sealNow();
    const reader = as("reader-token-that-nobody-may-see");
    const requests = async (path: string) => {
      const spies = (["get", "query", "names", "count"] as const).map((one) => vi.spyOn(ledger.store, one));
      await reader.get(path);
      const count = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
      for (const spy of spies) spy.mockRestore();
      return count;
    };
    const path = "/v1/release?environment=production&service=acme/billing";
    const without = await requests(path);
    const read = vi.spyOn(log, "get");
    expect(await requests(`${path}&sealed=true`)).toBe(without);
    expect(read.mock.calls).toEqual([["checkpoint"], ["positions/2026-11-22T09"]]);
    read.mockClear();
    await requests(path);
    expect(read).not.toHaveBeenCalled();
  });

  it("proves a fact to every auditor who may see it", async () => {
    const { as, ledger, sealNow, signer } = await given();
    expect(problemOf(await as(BOUND_AUDITOR).get(FACT))).toMatchObject({ status: 409 });
    await sealNow();
    const [fact] = await ledger.store.get([{ source: "/test", id: "1" }]);
    const entry = Buffer.from(JSON.stringify(fact));
    for (const token of [BOUND_AUDITOR, "auditor-token-that-nobody-may-see"]) {
      const proof = await as(token).get(FACT);
      expect(proof.headers.get("cache-control")).toContain("private");
      expect(readProof(proof.text, entry, signer.key)).toMatchObject({ index: 0, checkpoint: { size: 2 } });
    }
    expect(problemOf(await as(OTHER_AUDITOR).get(FACT))).toMatchObject({ status: 404 });
    expect(problemOf(await as("reader-token-that-nobody-may-see").get(FACT))).toMatchObject({ status: 403 });
  });

  it("is not found where a ledger has none", async () => {
    expect(problemOf(await givenDoors().stranger().get("/v1/log/checkpoint"))).toMatchObject({ status: 404 });
  });
});
