/**
 * Exports as jobs, in a bucket that forgets: for each a task (`<id>.json`) and, once it has run, the file. Tasks go to a
 * queue, whose function runs them.
 */
import { createReadStream, statSync } from "node:fs";
import { type ExportedFile, type ExportJobs, ExportTask } from "../../ledger/export/export-jobs.ts";
import { StoreError } from "../../ledger/store.ts";
import { s3Client, statusOf } from "./client.ts";

/** In seconds. The credentials of a function that signs it last no longer than that, either. */
const LINK_S = 3600;

const taskKey = (id: string): string => `${id}.json`;
const fileKey = ({ id, parameters }: ExportTask): string =>
  `${id}/facts.${parameters.format === "csv" ? "csv" : "ndjson"}`;

const unknown = (error: unknown): StoreError =>
  new StoreError("unavailable", `S3: ${error instanceof Error ? error.message : error}`, error);

/** Undefined where there is nothing. */
async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw unknown(error);
  }
}

/** Stores the file of a task. */
export interface ExportFiles {
  put(
    task: ExportTask,
    file: { path: string; type: string } & Pick<ExportedFile, "sha256" | "others">,
  ): Promise<void>;
}

/**
 * @param send puts a task into the queue
 * @param endpoint of a server with the API of S3; absent: AWS
 */
export function s3ExportJobs(
  Bucket: string,
  send: (task: string) => Promise<void>,
  now: () => Date,
  endpoint?: string,
): ExportJobs & ExportFiles {
  const s3 = s3Client(endpoint);
  return {
    start: async (task) => {
      const { client, PutObjectCommand } = await s3();
      const Body = JSON.stringify(task);
      await client
        .send(new PutObjectCommand({ Bucket, Key: taskKey(task.id), Body, IfNoneMatch: "*" }))
        .catch((error: unknown) => {
          throw unknown(error);
        });
      await send(Body);
    },

    find: async (id) => {
      const { client, GetObjectCommand, HeadObjectCommand } = await s3();
      const stored = await ifThere(client.send(new GetObjectCommand({ Bucket, Key: taskKey(id) })));
      if (stored === undefined) return undefined;
      const task = ExportTask.parse(JSON.parse((await stored.Body?.transformToString()) ?? ""));
      const Key = fileKey(task);
      const file = await ifThere(client.send(new HeadObjectCommand({ Bucket, Key })));
      if (file === undefined) return { task };
      const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
      const link = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key }), { expiresIn: LINK_S });
      const expires = new Date(now().getTime() + LINK_S * 1000).toISOString();
      const { sha256 = "", others } = file.Metadata ?? {};
      const more = others === undefined ? {} : { others: Number(others) };
      return { task, file: { sha256, link, expires, ...more } };
    },

    put: async (task, { path, type, sha256, others }) => {
      const { client, PutObjectCommand } = await s3();
      const [Key, ContentLength] = [fileKey(task), statSync(path).size];
      const name = `asof-${task.askedAt.slice(0, 10)}${Key.slice(Key.lastIndexOf("."))}`;
      const Metadata = { sha256, ...(others === undefined ? {} : { others: String(others) }) };
      const input = { Bucket, Key, ContentLength, ContentType: type, Metadata };
      const ContentDisposition = `attachment; filename="${name}"`;
      const Body = createReadStream(path);
      await client
        .send(new PutObjectCommand({ ...input, ContentDisposition, Body }))
        .catch((error: unknown) => {
          throw unknown(error);
        });
    },
  };
}
