/**
 * The sealed log in a bucket of S3. Each write is one conditional request (`If-None-Match`, `If-Match`), and S3 is strongly
 * consistent for reads after writes. An etag is S3's own.
 */
import type { ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { StoreError } from "../../ledger/store.ts";
import type { ListedLog } from "../../seal/log-store.ts";
import { s3Client, statusOf } from "./client.ts";

/** 409: another conditional write of this key was at work; whether it won shows when the caller reads again. */
const isRefused = (error: unknown): boolean => [409, 412].includes(statusOf(error) ?? 0);

const unknown = (error: unknown): StoreError =>
  new StoreError("unavailable", `S3: ${error instanceof Error ? error.message : error}`, error);

/** @param endpoint of a server with the API of S3; absent: AWS */
export function s3Log(Bucket: string, endpoint?: string): ListedLog {
  const s3 = s3Client(endpoint);

  /** Returns false where the condition does not hold. */
  async function put(
    Key: string,
    Body: Uint8Array,
    condition: { IfNoneMatch: "*" } | { IfMatch: string },
  ): Promise<boolean> {
    const { client, PutObjectCommand } = await s3();
    try {
      // S3 asks for a checksum where objects are locked.
      await client.send(
        new PutObjectCommand({ Bucket, Key, Body, ChecksumAlgorithm: "SHA256", ...condition }),
      );
      return true;
    } catch (error) {
      // 404: there is nothing that could have the etag.
      if (isRefused(error) || ("IfMatch" in condition && statusOf(error) === 404)) return false;
      throw unknown(error);
    }
  }

  return {
    get: async (Key) => {
      const { client, GetObjectCommand } = await s3();
      try {
        const { Body, ETag = "" } = await client.send(new GetObjectCommand({ Bucket, Key }));
        return { bytes: Buffer.from((await Body?.transformToByteArray()) ?? []), etag: ETag };
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw unknown(error);
      }
    },
    names: async (folder) => {
      const { client, ListObjectsV2Command } = await s3();
      const names: string[] = [];
      const Prefix = `${folder}/`;
      for (let from: { ContinuationToken?: string } | undefined = {}; from !== undefined; ) {
        const list = new ListObjectsV2Command({ Bucket, Prefix, Delimiter: "/", ...from });
        const page: ListObjectsV2CommandOutput = await client.send(list).catch((error: unknown) => {
          throw unknown(error);
        });
        names.push(...(page.Contents ?? []).map(({ Key = "" }) => Key.slice(Prefix.length)));
        const { NextContinuationToken: next } = page;
        from = next === undefined ? undefined : { ContinuationToken: next };
      }
      return names;
    },
    putIfAbsent: async (path, bytes) =>
      (await put(path, bytes, { IfNoneMatch: "*" })) ? "written" : "present",
    putIfMatch: async (path, bytes, etag) =>
      (await put(path, bytes, { IfMatch: etag })) ? "written" : "changed",
  };
}
