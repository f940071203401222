/** Who is handed a backup, and when there is none to hand out. */
import { afterAll, expect, it } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import type { BackUp } from "../../functions/ledger/export/backup.ts";
import { clientOf } from "../client.ts";
import { cleanUp, givenDoors, problemOf, SECRETS } from "./given.ts";

afterAll(cleanUp);

const backup: BackUp = async () => ({
  facts: 2,
  bytes: 5,
  body: new Response("bytes").body ?? expect.fail("has no body"),
});

it("is handed out with its length and how many facts it holds at least, and logged", async () => {
  const { client, logged } = givenDoors({ backup });
  const { status, text, headers } = await client().post("/v1/backups", {});
  expect([status, text]).toEqual([200, "bytes"]);
  expect([headers.get("content-length"), headers.get("asof-facts")]).toEqual(["5", "2"]);
  expect(logged()).toContain('"a backup was made","by":"admin-1"');
});

it("is not for an admin who is bound to a part of the ledger", async () => {
  const tokens = parseTokens("admin:ann:a-token-that-nobody-may-see:environments=staging");
  const { app } = givenDoors({ backup, secrets: async () => ({ tokens, webhooks: SECRETS }) });
  const ann = clientOf(async (path, init) => app.request(path, init), "a-token-that-nobody-may-see");
  const problem = problemOf(await ann.post("/v1/backups", {}));
  expect(problem).toMatchObject({ status: 403, detail: expect.stringContaining("restricted") });
});

it.each([
  ["another one is made", { backup: async () => undefined }, 409],
  ["the ledger is not kept in one file", {}, 404],
])("is refused while %s", async (_, more, status) => {
  expect(problemOf(await givenDoors(more).client().post("/v1/backups", {}))).toMatchObject({ status });
});
