import { afterEach, describe, expect, it } from "vitest";
import { temporaryDatabase } from "../../functions/adapters/sqlite/database.ts";
import { type JobQueue, jobQueue } from "../../functions/adapters/sqlite/jobs.ts";
import { Job, type RegistryJob } from "../../functions/ledger/ingest/jobs.ts";
import { jobsIn } from "./databases.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const job = (repository: string): RegistryJob => ({
  is: "read image",
  repository,
  digest: `sha256:${"1".repeat(64)}`,
});
const nameOf = (one: Job): string => (one.is === "read image" ? one.repository : "another job");

/** A queue of jobs, and each try of one, which ends as the test says: never before it does. */
function given(end: (name: string, nth: number) => Promise<void> = () => Promise.resolve()) {
  const database = temporaryDatabase();
  const tries: string[] = [];
  const givenUp: string[] = [];
  const worker = {
    work: (one: Job) => {
      tries.push(nameOf(one));
      return end(nameOf(one), tries.filter((name) => name === nameOf(one)).length);
    },
    giveUp: async (text: string) => void givenUp.push(text),
  };
  const opened = (): JobQueue<Job> => {
    const later = jobQueue(database, "later", Job, { giveUpMs: 24 * 3600_000, firstWaitMs: 500 });
    stops.push(() => later.stop());
    return later;
  };
  return { database, tries, givenUp, worker, later: opened(), opened, kept: () => jobsIn(database) };
}

/** Something to wait for, and its end. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((done) => {
    open = done;
  });
  return { open: () => open(), opened };
}

describe("a queue of jobs", () => {
  it("waits first where it is told to, and not after a restart", async () => {
    const { later, opened, worker, tries, kept } = given();
    await later.start(worker);
    await later.put(job("a"), 3600_000);
    await later.put(job("b"));
    await expect.poll(() => tries).toEqual(["b"]);
    await later.stop();
    expect(kept()).toHaveLength(1);
    await opened().start(worker);
    await expect.poll(() => tries).toEqual(["b", "a"]);
  });

  it("does a job again that is put while the same one is at hand", async () => {
    const { open, opened } = gate();
    const { later, worker, tries, kept } = given((_, nth) => (nth === 1 ? opened : Promise.resolve()));
    await later.start(worker);
    await later.put(job("a"));
    await expect.poll(() => tries).toEqual(["a"]);
    await later.put(job("a"));
    open();
    await expect.poll(kept).toEqual([]);
    expect(tries).toEqual(["a", "a"]);
  });

  it("does others while one hangs", async () => {
    const { open, opened } = gate();
    const { later, worker, tries } = given((name) => (name === "hangs" ? opened : Promise.resolve()));
    await later.start(worker);
    await later.put(job("hangs"));
    await expect.poll(() => tries).toEqual(["hangs"]);
    await later.put(job("b"));
    await expect.poll(() => tries).toEqual(["hangs", "b"]);
    open();
  });

  it("does not try one that failed for every other that comes", async () => {
    const { later, worker, tries, kept } = given((name) =>
      name === "fails" ? Promise.reject(new Error("down")) : Promise.resolve(),
    );
    await later.start(worker);
    await later.put(job("fails"));
    for (let n = 0; n < 20; n++) await later.put(job(`other ${n}`));
    await expect.poll(kept).toHaveLength(1);
    expect(tries.filter((name) => name === "fails")).toHaveLength(1);
    await expect.poll(() => tries.filter((name) => name === "fails").length, { timeout: 4000 }).toBe(2);
  });

  it("keeps what was not done for the next process, which begins with the oldest, and leaves those of other queues", async () => {
    const { database, later, opened, worker, tries, kept } = given();
    const names = Array.from({ length: 20 }, (_, n) => String(n));
    await jobQueue(database, "other", Job, { giveUpMs: 0 }).put(job("other"));
    for (const name of names) await later.put(job(name));
    await opened().start(worker);
    await expect.poll(kept).toEqual([JSON.stringify(job("other"))]);
    // Several are begun at once, and in no order then.
    expect(tries.slice(0, 8).toSorted()).toEqual(names.slice(0, 8).toSorted());
    expect(tries.toSorted()).toEqual(names.toSorted());
  });

  it("waits for what is at hand when it stops, and begins nothing more", async () => {
    const { open, opened } = gate();
    const { later, worker, tries, kept } = given(() => opened);
    await later.start(worker);
    await later.put(job("a"));
    await expect.poll(() => tries).toEqual(["a"]);
    const stopping = later.stop();
    await later.put(job("b"));
    open();
    await stopping;
    expect(kept()).toHaveLength(1);
    expect(tries).toEqual(["a"]);
  });

  it("gives up after a day, whole, and also what is no job", async () => {
    const { database, later, opened, worker, givenUp, kept } = given(() => Promise.reject(new Error("down")));
    await later.put(job("a"));
    database.prepare("INSERT INTO jobs (queue, at, body) VALUES ('later', '', 'no job')").run();
    database.prepare("UPDATE jobs SET at = '1970-01-01T00:00:00.000Z'").run();
    await opened().start(worker);
    await expect.poll(kept).toEqual([]);
    expect(givenUp.toSorted()).toEqual(["no job", JSON.stringify(job("a"))].toSorted());
  });
});
