/** What "acknowledged" means on one machine: on disk, also where the disk fills up. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { type Event, event, outcomesOf } from "./client.ts";
import { digestOf } from "./ledger/given.ts";
import { cleanUp, end, newFolder, startLedger, startProcess } from "./local/process.ts";

const mounted: string[] = [];
afterEach(() => {
  for (const folder of mounted.splice(0)) execFileSync("umount", ["--lazy", folder]);
});
afterAll(cleanUp);

const PLACE = { environment: "production", service: "acme/billing" };
const deployed = (id: string): Event =>
  event("deployment.succeeded", id, "2026-10-01T10:00:00Z", {
    ...PLACE,
    deployment: { provider: "test", instance: "here", id },
    components: [{ component: "main", digest: digestOf(id) }],
  });

/** Counts what a process asks of the disk from now on. */
async function callsOf(pid: number): Promise<() => number> {
  const log = join(newFolder(), "calls");
  const args = ["-f", "-e", "trace=fsync,fdatasync", "-o", log, "-p", String(pid)];
  const strace = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
  const [said] = await once(strace.stderr, "data");
  expect(String(said)).toContain("attached");
  return () => readFileSync(log, "utf8").match(/(fsync|fdatasync)\(/g)?.length ?? 0;
}

/** A disk of its own in memory, so many bytes large. */
function disk(bytes: number): string {
  const folder = newFolder();
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder]);
  mounted.push(folder);
  return folder;
}

describe("a fact that is acknowledged", () => {
  it("was brought to the disk before: one fsync at least for a 201, and one for many that come at once", async () => {
    const ledger = await startLedger(newFolder());
    const calls = await callsOf(ledger.child.pid ?? 0);
    // Names are heard of with the first one.
    expect(outcomesOf(await ledger.client.say(deployed("first")))).toEqual(["recorded"]);
    const before = calls();
    for (let n = 0; n < 5; n++) expect((await ledger.client.say(deployed(`${n}`))).status).toBe(201);
    const alone = calls() - before;
    expect(alone).toBeGreaterThanOrEqual(5);
    const { status } = await ledger.client.sayAll(
      Array.from({ length: 100 }, (_, n) => deployed(`many ${n}`)),
    );
    expect(status).toBe(200);
    const together = calls() - before - alone;
    expect(together).toBeGreaterThanOrEqual(1);
    expect(together).toBeLessThan(100);
    ledger.child.kill("SIGKILL");
  });
});

describe("a disk that is full", () => {
  it("stops writing with what to do, answers questions, loses nothing, and goes on with room again", async () => {
    const data = disk(3_000_000);
    const ballast = join(data, "ballast");
    writeFileSync(ballast, Buffer.alloc(1_000_000));
    const ledger = await startLedger(data);
    const acknowledged: Event[] = [];
    const refused = await (async () => {
      for (let n = 0; n < 20_000; n += 50) {
        const events = Array.from({ length: 50 }, (_, m) => deployed(`${n + m}`));
        const answer = await ledger.client.sayAll(events);
        if (answer.status !== 200) return answer;
        acknowledged.push(...events);
      }
      throw new Error("the disk is never full");
    })();
    expect(refused.status).toBe(503);
    expect(refused.json).toMatchObject({
      detail: expect.stringMatching(/Make room on the disk of ASOF_DATA/),
    });
    expect((await ledger.client.get("/v1/release", PLACE)).status).toBe(200);
    rmSync(ballast);
    expect(outcomesOf(await ledger.client.say(deployed("after")))).toEqual(["recorded"]);
    await end(ledger, "SIGKILL");
    const again = await startLedger(data);
    for (let n = 0; n < acknowledged.length; n += 100) {
      const outcomes = outcomesOf(await again.client.sayAll(acknowledged.slice(n, n + 100)));
      expect(new Set(outcomes)).toEqual(new Set(["duplicate"]));
    }
    await end(again, "SIGTERM");
  });

  it("or cannot be written at all is told in one line at the start", async () => {
    const data = disk(3_000_000);
    await end(await startLedger(data), "SIGTERM");
    execFileSync("mount", ["-o", "remount,ro", data]);
    const { code, stderr } = await startProcess({ ASOF_DATA: data }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^asof: \S+ cannot be written: .*make the folder writable, or set ASOF_DATA to another one\n$/,
    );
  });
});
