/** A ledger as a process of its own, under load from several sides for as long as the run has time for. */
import { afterAll, expect, it } from "vitest";
import * as z from "zod";
import { Release } from "../schemas/answer.ts";
import { event, outcomesOf } from "./client.ts";
import { digestOf } from "./ledger/given.ts";
import { cleanUp, complaintsIn, end, newFolder, startLedger } from "./local/process.ts";
import { RUNS } from "./runs.ts";

afterAll(cleanUp);

const LOAD_MS = RUNS * 30;
const WRITERS = 4;
const READERS = 2;
const Line = z.looseObject({ source: z.string(), id: z.string() });

it(
  "records each event once, answers each question, and ends cleanly",
  async () => {
    const ledger = await startLedger(newFolder());
    const begunAt = new Date();
    const isOver = () => Date.now() - begunAt.getTime() > LOAD_MS;
    const placeOf = (writer: number) => ({ environment: "production", service: `acme/service-${writer}` });
    const said: string[] = [];

    const write = async (writer: number) => {
      for (let n = 0; n === 0 || !isOver(); n++) {
        const id = `${writer}/${n}`;
        const one = event("deployment.succeeded", id, new Date(begunAt.getTime() + n).toISOString(), {
          ...placeOf(writer),
          deployment: { provider: "test", instance: "here", id },
          components: [{ component: "main", repository: "ghcr.io/acme/app", digest: digestOf(id) }],
        });
        expect(outcomesOf(await ledger.client.say(one))).toEqual(["recorded"]);
        said.push(id);
      }
    };
    const read = async (reader: number) => {
      for (let n = 0; n === 0 || !isOver(); n++) {
        const { status, json } = await ledger.client.get("/v1/release", placeOf((reader + n) % WRITERS));
        // Before its first event a service is not known.
        expect([200, 404]).toContain(status);
        if (status === 200) expect(Release.parse(json).status).toBe("running");
      }
    };
    const writers = Array.from({ length: WRITERS }, (_, n) => write(n));
    const readers = Array.from({ length: READERS }, (_, n) => read(n));
    await Promise.all([...writers, ...readers]);

    const from = begunAt.toISOString().slice(0, 10);
    const exported = async (): Promise<string[]> => {
      const lines = (await ledger.client.get("/v1/export", { from })).text.split("\n").filter(Boolean);
      // Each export is a fact itself, which the next one holds.
      const facts = lines.map((line) => Line.parse(JSON.parse(line)));
      return facts.filter(({ source }) => source !== "/asof/exports").map(({ id }) => id);
    };
    // The last ones are exported once they are settled.
    await expect.poll(async () => (await exported()).length, { timeout: 30_000 }).toBe(said.length);
    expect((await exported()).toSorted()).toEqual(said.toSorted());
    const { code, stderr } = await end(ledger, "SIGTERM");
    expect({ code, complaints: complaintsIn(stderr) }).toEqual({ code: 0, complaints: [] });
  },
  LOAD_MS * 2 + 120_000,
);
