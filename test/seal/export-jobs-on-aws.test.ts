/** Exports as jobs in a bucket, through the real SDK. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { s3ExportJobs } from "../../functions/adapters/s3/export-jobs.ts";
import type { ExportTask } from "../../functions/ledger/export/export-jobs.ts";
import { withAwsEnvironment } from "./aws-environment.ts";
import { type S3Server, startS3 } from "./s3-server.ts";

withAwsEnvironment();

const folder = mkdtempSync(join(tmpdir(), "asof-export-jobs-"));
const NOW = new Date("2026-11-22T09:00:00.000Z");
const ID = "4bbd3c0e-8d34-4a1e-9f6a-111111111111";
const TASK: ExportTask = {
  id: ID,
  by: "al",
  grants: { environments: ["staging"] },
  parameters: { from: "2026-11-21T00:00:00.000Z", to: "2026-11-22T00:00:00.000Z", format: "csv" },
  askedAt: "2026-11-22T08:59:00.000Z",
};
let server: S3Server;
beforeAll(async () => {
  server = await startS3();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

function given() {
  const sent: string[] = [];
  const send = async (task: string) => void sent.push(task);
  return { sent, jobs: s3ExportJobs("asof-exports", send, () => NOW, server.endpoint) };
}

it("are kept before they are sent, run, and found with their file under a link that ends after an hour", async () => {
  const { jobs, sent } = given();
  expect(await jobs.find(ID)).toBeUndefined();
  await jobs.start(TASK);
  expect(sent.map((one) => JSON.parse(one))).toEqual([TASK]);
  expect(await jobs.find(ID)).toEqual({ task: TASK });

  const path = join(folder, "facts.csv");
  const text = "time,environment\n".repeat(1000);
  writeFileSync(path, text);
  const sha256 = createHash("sha256").update(text).digest("hex");
  await jobs.put(TASK, { path, type: "text/csv", sha256 });
  expect(server.objects.get(`/asof-exports/${ID}/facts.csv`)?.toString()).toBe(text);
  const put = server.puts.at(-1)?.headers;
  expect([put?.["content-type"], put?.["content-disposition"]]).toEqual([
    "text/csv",
    'attachment; filename="asof-2026-11-22.csv"',
  ]);

  const found = await jobs.find(ID);
  expect(found?.file).toMatchObject({ sha256, expires: "2026-11-22T10:00:00.000Z" });
  const link = new URL(found?.file?.link ?? "");
  expect([link.pathname, link.searchParams.get("X-Amz-Expires")]).toEqual([
    `/asof-exports/${ID}/facts.csv`,
    "3600",
  ]);
  expect(link.searchParams.get("X-Amz-Signature")).toMatch(/^[0-9a-f]{64}$/);
  expect(await (await fetch(link)).text()).toBe(text);
});

it("are not sent where they could not be kept", async () => {
  const { jobs, sent } = given();
  const lost = s3ExportJobs(
    "asof-exports",
    async (task) => void sent.push(task),
    () => NOW,
    "http://127.0.0.1:1",
  );
  await expect(lost.start(TASK)).rejects.toMatchObject({ code: "unavailable" });
  await expect(lost.find(ID)).rejects.toMatchObject({ code: "unavailable" });
  expect(sent).toEqual([]);
  expect(await jobs.find("another")).toBeUndefined();
});
