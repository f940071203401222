/** Exports as jobs: who may ask for one, who gets its link, and what a ledger without jobs answers. */
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { parse } from "csv-parse/sync";
import { afterAll, describe, expect, it } from "vitest";
import type { ExportFiles } from "../../functions/adapters/s3/export-jobs.ts";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { sha256 } from "../../functions/ledger/canonical.ts";
import type { ExportedFile, ExportJobs, ExportTask } from "../../functions/ledger/export/export-jobs.ts";
import { runExport } from "../../functions/runtime/aws/run-export.ts";
import { ExportJob } from "../../schemas/answers/export-job.ts";
import { cleanUp, deployed, givenDoors, problemOf, SECRETS, tokenOf } from "./given.ts";

afterAll(cleanUp);

const OTHER = "other-auditor-that-nobody-may-see";
const BOUND = "bound-auditor-that-nobody-may-see";
const SPAN = "/v1/exports?from=2026-11-22&to=2026-11-22&format=csv&tz=Europe/Berlin";
const FILE: ExportedFile = {
  sha256: "a".repeat(64),
  link: "https://s3/file",
  expires: "2026-11-22T10:00:00.000Z",
};

async function given() {
  const tasks = new Map<string, ExportTask>();
  const files = new Map<string, ExportedFile>();
  const exportJobs: ExportJobs = {
    start: async (task) => void tasks.set(task.id, task),
    find: async (id) => {
      const [task, file] = [tasks.get(id), files.get(id)];
      return task && { task, ...(file === undefined ? {} : { file }) };
    },
  };
  const tokens = parseTokens(
    `writer:w:${tokenOf("writer")},reader:r:${tokenOf("reader")},auditor:al:${tokenOf("auditor")},auditor:other:${OTHER},auditor:bo:${BOUND}:environments=staging`,
  );
  const doors = givenDoors({ exportJobs, secrets: async () => ({ tokens, webhooks: SECRETS }) });
  await doors.client("writer").sayAll([deployed("1"), deployed("2", undefined, { environment: "staging" })]);
  const start = async (token = tokenOf("auditor")) => {
    const answer = await doors.stranger(token).send(SPAN, { method: "POST" });
    return { answer, job: ExportJob.parse(answer.json) };
  };
  return { ...doors, tasks, files, start };
}

describe("an export as a job", () => {
  it("is put where it is run, with its times as instants, and is running until its file is there", async () => {
    const { start, tasks, files, client } = await given();
    const { answer, job } = await start();
    expect([answer.status, job.status, job.link]).toEqual([202, "running", null]);
    expect(answer.headers.get("location")).toBe(`/v1/exports/${job.id}`);
    const parameters = { format: "csv", from: "2026-11-21T23:00:00.000Z", to: "2026-11-22T22:59:59.999Z" };
    expect(tasks.get(job.id)).toMatchObject({ by: "al", grants: {}, parameters });
    const found = await client("auditor").get(`/v1/exports/${job.id}`);
    expect(found.json).toEqual(job);
    files.set(job.id, FILE);
    const ready = await client("auditor").get(`/v1/exports/${job.id}`);
    expect(ready.json).toEqual({ ...job, status: "ready", ...FILE });
    expect(ready.headers.get("cache-control")).toBe("private, no-store");
  });

  it("has failed where its file is not there after hours", async () => {
    const { start, setNow, client } = await given();
    const { job } = await start();
    setNow("2026-11-22T12:30:00.000Z");
    expect((await client("auditor").get(`/v1/exports/${job.id}`)).json).toMatchObject({ status: "failed" });
  });

  it("is shown to its asker alone, because a link needs no token", async () => {
    const { start, stranger, files } = await given();
    const { job } = await start();
    files.set(job.id, FILE);
    expect(problemOf(await stranger(OTHER).get(`/v1/exports/${job.id}`))).toMatchObject({ status: 404 });
    expect(problemOf(await stranger(OTHER).get("/v1/exports/..%2Fhead"))).toMatchObject({ status: 404 });
    for (const method of ["POST", "GET"] as const) {
      const path = method === "POST" ? SPAN : `/v1/exports/${job.id}`;
      expect(problemOf(await stranger(tokenOf("reader")).send(path, { method }))).toMatchObject({
        status: 403,
      });
      expect(problemOf(await stranger().send(path, { method }))).toMatchObject({ status: 401 });
    }
  });

  it("holds what its asker was granted, and is recorded in the asker's name", async () => {
    const { start, tasks, ledger, jobs, setNow } = await given();
    const { job } = await start(BOUND);
    const task = tasks.get(job.id);
    if (task === undefined) return expect.fail("was not put");
    setNow("2026-11-22T12:00:00.000Z");
    const stored: { text: string; type: string; sha256: string }[] = [];
    const keep: ExportFiles["put"] = async (_, { path, ...file }) => {
      stored.push({ ...file, text: readFileSync(path, "utf8") });
    };
    await runExport(ledger, { put: keep }, task);
    const [file] = stored;
    const rows: Record<string, string>[] = parse(file?.text ?? "", { columns: true });
    expect(rows.map(({ id }) => id)).toEqual(["2"]);
    expect(file?.type).toMatch(/^text\/csv/);
    expect(file?.sha256).toBe(sha256(file?.text ?? ""));
    expect(readdirSync(tmpdir())).not.toContain(task.id);
    expect(jobs).toMatchObject([{ is: "record export", by: "bo", count: 1 }]);
  });

  it("is refused with a wrong parameter, or a cursor", async () => {
    const { client, tasks } = await given();
    for (const more of ["&cursor=x", "&by=arrival", "&service="])
      expect((await client("auditor").send(`${SPAN}${more}`, { method: "POST" })).status).toBe(422);
    expect(tasks.size).toBe(0);
  });
});

it("is ready at once where a ledger streams, under the path of the stream", async () => {
  const doors = givenDoors();
  await doors.client("writer").say(deployed("1"));
  doors.setNow("2026-11-22T12:00:00.000Z");
  const answer = await doors.client("auditor").send(SPAN, { method: "POST" });
  const job = ExportJob.parse(answer.json);
  expect([answer.status, job.status, job.expires]).toEqual([200, "ready", null]);
  expect((await doors.client("auditor").get(job.link ?? "")).text.split("\n")).toHaveLength(3);
  const path = `/v1/exports/${job.id}`;
  expect(problemOf(await doors.client("auditor").get(path))).toMatchObject({ status: 404 });
});
