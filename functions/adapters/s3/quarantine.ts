/** The quarantine in a bucket: one object for each event, so that a redelivery adds none. */

import {
  type Quarantine,
  type QuarantineEntry,
  QuarantineItem,
  unreadable,
} from "../../ledger/ingest/quarantine.ts";
import { mapLimit } from "../../ledger/map-limit.ts";
import { StoreError } from "../../ledger/store.ts";
import { NEWEST, quarantineKey } from "../quarantine-key.ts";
import { s3Client, statusOf } from "./client.ts";

/** Pages of 1,000 keys that are listed at most; a quarantine that is larger needs another look than one by one. */
const PAGES = 10;
const AT_ONCE = 8;

/** A key and when it was written. */
type Listed = Pick<QuarantineEntry, "key" | "at">;

const isAfter = (a: Listed, b: Listed): boolean => a.at < b.at || (a.at === b.at && a.key < b.key);

/** @param endpoint of a server with the API of S3; absent: AWS */
export function s3Quarantine(Bucket: string, endpoint?: string): Quarantine {
  const s3 = s3Client(endpoint);

  async function listed(): Promise<Listed[]> {
    const { client, ListObjectsV2Command } = await s3();
    const found: Listed[] = [];
    let token: string | undefined;
    for (let n = 0; n < PAGES; n++) {
      const continued = token === undefined ? {} : { ContinuationToken: token };
      const { Contents = [], NextContinuationToken: next } = await client.send(
        new ListObjectsV2Command({ Bucket, ...continued }),
      );
      for (const { Key = "", LastModified } of Contents)
        found.push({ key: Key, at: LastModified?.toISOString() ?? "" });
      token = next;
      if (token === undefined) break;
    }
    return found.sort((a, b) => (isAfter(a, b) ? 1 : -1));
  }

  const get: Quarantine["get"] = async (key) => {
    const { client, GetObjectCommand } = await s3();
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: key }));
      return QuarantineItem.safeParse(JSON.parse((await Body?.transformToString()) ?? "")).data;
    } catch (error) {
      if (error instanceof SyntaxError || statusOf(error) === 404) return undefined;
      throw error;
    }
  };

  async function entryOf({ key, at }: Listed): Promise<QuarantineEntry> {
    const item = await get(key);
    if (item === undefined) return unreadable(key, at);
    const { event: _, statement: __, ...entry } = item;
    return { key, ...entry, at };
  }

  return {
    get,

    keep: async (item) => {
      const { client, PutObjectCommand } = await s3();
      const object = {
        Key: quarantineKey(item),
        Body: JSON.stringify(item),
        ContentType: "application/json",
      };
      try {
        await client.send(new PutObjectCommand({ Bucket, ...object, IfNoneMatch: "*" }));
        return "new";
      } catch (error) {
        if (statusOf(error) === 412) return "known";
        throw new StoreError("unavailable", `S3: ${error instanceof Error ? error.message : error}`, error);
      }
    },

    list: async () => {
      const all = await listed();
      const newest = await mapLimit(AT_ONCE, all.slice(0, NEWEST), entryOf);
      return {
        where: `the bucket ${Bucket}`,
        count: all.length,
        newest: newest.map(({ key, reportedBy: _, ...entry }) => ({ ...entry, file: key })),
      };
    },

    page: async ({ limit, cursor }) => {
      const [at = "", key = ""]: string[] = cursor === undefined ? [] : JSON.parse(cursor);
      const all = await listed();
      const rest = cursor === undefined ? all : all.filter((one) => isAfter(one, { at, key }));
      const entries = await mapLimit(AT_ONCE, rest.slice(0, limit), entryOf);
      const last = entries.at(-1);
      return last === undefined || rest.length <= limit
        ? { entries }
        : { entries, cursor: JSON.stringify([last.at, last.key]) };
    },

    remove: async (key) => {
      const { client, DeleteObjectCommand } = await s3();
      await client.send(new DeleteObjectCommand({ Bucket, Key: key }));
    },
  };
}
