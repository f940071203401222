/** An erasure of a ledger that runs: no file of its folder holds the login, also after `kill -9` in the middle of it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import * as z from "zod";
import { open } from "../../functions/adapters/sqlite/driver.ts";
import { ErasureAnswer } from "../../schemas/answers/people.ts";
import type { Fact } from "../../schemas/fact.ts";
import { event, outcomesOf } from "../client.ts";
import { digestOf } from "../ledger/given.ts";
import { RUNS } from "../runs.ts";
import { cleanUp, end, newFolder, type Process, startLedger } from "./process.ts";

afterAll(cleanUp);

const LOGIN = "Login-that-occurs-nowhere-else";
const REASON = "asked for by the person";

/** How long after the request the ledger is killed: early and late in an erasure. */
const DELAYS_MS = Array.from({ length: Math.max(3, Math.round(RUNS / 100)) }, (_, n) => (1 + n * 11) % 64);

/** The files of a folder that hold the login, in any case. */
const holding = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => readFileSync(file, "latin1").toLowerCase().includes(LOGIN.toLowerCase()));

const deployed = (id: string, more: object = {}, time = "2026-10-20T08:11:00.000Z") =>
  event("deployment.succeeded", id, time, {
    environment: "production",
    service: "acme/billing",
    deployment: { provider: "test", instance: "here", id },
    components: [{ component: "main", repository: "ghcr.io/acme/billing", digest: digestOf(id) }],
    ...more,
  });

/** Facts by several issuers, and quarantined events, that name the person. */
async function fill({ client }: Process, run: number): Promise<void> {
  const named = Array.from({ length: 30 }, (_, n) => ({
    ...deployed(`${run}/${n}`, { actor: n % 2 === 0 ? LOGIN : `user-${n}` }),
    source: `/ci/acme-${n % 3}`,
  }));
  expect(new Set(outcomesOf(await client.sayAll(named)))).toEqual(new Set(["recorded"]));
  const ahead = deployed(`${run}/ahead`, { actor: LOGIN }, "2099-01-01T00:00:00.000Z");
  const unreadable = { ...deployed(`${run}/unreadable`, { actor: LOGIN }), specversion: "0.3" };
  for (const one of [ahead, unreadable]) expect(outcomesOf(await client.say(one))).toEqual(["rejected"]);
}

const erase = (ledger: Process) => ledger.client.post("/v1/people/erase", { login: LOGIN, reason: REASON });

/** What the answers about everything hold. */
async function answers({ client }: Process): Promise<string> {
  const paths: [string, Record<string, string>][] = [
    ["/v1/release", { environment: "production", service: "acme/billing" }],
    ["/v1/timeline", { environment: "production", from: "2026-10-01" }],
    ["/v1/export", { from: "2026-01-01" }],
    ["/v1/quarantine", {}],
    ["/v1/people", {}],
    ["/v1/sources", {}],
  ];
  const texts = await Promise.all(paths.map(async ([path, query]) => (await client.get(path, query)).text));
  return texts.join("\n").toLowerCase();
}

it("leaves the login in no file of the folder, byte by byte, and in no answer", async () => {
  const folder = newFolder();
  const ledger = await startLedger(folder);
  await fill(ledger, 0);
  expect(holding(folder)).not.toEqual([]);
  const { persons, quarantined } = ErasureAnswer.parse((await erase(ledger)).json);
  expect([persons.length, quarantined]).toEqual([3, 2]);
  expect(holding(folder)).toEqual([]);
  expect(await answers(ledger)).not.toContain(LOGIN.toLowerCase());
  await end(ledger, "SIGTERM");
  expect(holding(folder)).toEqual([]);
});

/** The facts of a ledger that does not run. */
function factsIn(folder: string): Fact[] {
  const database = open(join(folder, "ledger.db"));
  const rows: unknown = database.prepare("SELECT fact FROM items ORDER BY id").raw().all();
  database.close();
  return z
    .array(z.tuple([z.string()]))
    .parse(rows)
    .map(([fact]) => JSON.parse(fact));
}

it("is run again where it was killed, and then leaves nothing, and is on record once", async () => {
  const folder = newFolder();
  for (const [run, delayMs] of DELAYS_MS.entries()) {
    const killed = await startLedger(folder);
    await fill(killed, run);
    const asked = erase(killed).catch(() => undefined);
    await setTimeout(delayMs);
    await end(killed, "SIGKILL");
    await asked;
    const ledger = await startLedger(folder);
    expect((await erase(ledger)).status).toBe(200);
    expect(holding(folder)).toEqual([]);
    expect(await answers(ledger)).not.toContain(LOGIN.toLowerCase());
    await end(ledger, "SIGKILL");
    const facts = factsIn(folder);
    const named = facts.filter(({ id }) => /^\d+\/\d*[02468]$/.test(id)).map(({ actor }) => actor);
    const erased = facts.flatMap((fact) => (fact.kind === "person.erased" ? [fact.person] : []));
    expect(erased.length).toBe(new Set(erased).size);
    expect(new Set(erased)).toEqual(new Set(named));
  }
}, 400_000);
