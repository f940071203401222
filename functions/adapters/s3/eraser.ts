/** Erases a person from the quarantine in a bucket: from each object, and from earlier versions that S3 keeps. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { QuarantineItem } from "../../ledger/ingest/quarantine.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import type { Erasers } from "../../ledger/people/erasure.ts";
import type { Redaction } from "../../ledger/people/redaction.ts";
import { StoreError } from "../../ledger/store.ts";
import { quarantineKey } from "../quarantine-key.ts";
import { TIMEOUTS } from "../timeouts.ts";

/** One version of an object. */
interface Version {
  readonly Key: string;
  readonly VersionId: string;
  readonly isLatest: boolean;
}

/** The item of a stored text; undefined if it cannot be read. */
function itemIn(text: string): QuarantineItem | undefined {
  try {
    return QuarantineItem.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function asked<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new StoreError("unavailable", `S3: ${error instanceof Error ? error.message : error}`, error);
  }
}

/** @param endpoint of a server with the API of S3; absent: AWS */
export function s3QuarantineEraser(Bucket: string, endpoint?: string): Erasers["quarantine"] {
  const local = endpoint === undefined ? {} : { endpoint, forcePathStyle: true };
  const client = new S3Client({ requestHandler: TIMEOUTS, ...local });

  async function* versions(): AsyncGenerator<Version[]> {
    let from: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
    while (from !== undefined) {
      const page: ListObjectVersionsCommandOutput = await asked(
        client.send(new ListObjectVersionsCommand({ Bucket, ...from })),
      );
      yield (page.Versions ?? []).map(({ Key = "", VersionId = "", IsLatest }) => ({
        Key,
        VersionId,
        isLatest: IsLatest === true,
      }));
      const { NextKeyMarker, NextVersionIdMarker } = page;
      from =
        page.IsTruncated !== true || NextKeyMarker === undefined
          ? undefined
          : {
              KeyMarker: NextKeyMarker,
              ...(NextVersionIdMarker === undefined ? {} : { VersionIdMarker: NextVersionIdMarker }),
            };
    }
  }

  async function textOf({ Key, VersionId }: Version): Promise<string> {
    const { Body } = await asked(client.send(new GetObjectCommand({ Bucket, Key, VersionId })));
    return (await Body?.transformToString()) ?? "";
  }

  async function redactOne(version: Version, { holds, item: redacted }: Redaction): Promise<boolean> {
    const { Key, VersionId, isLatest } = version;
    const text = await textOf(version);
    if (!holds(text)) return false;
    const item = isLatest ? itemIn(text) : undefined;
    const made = item === undefined ? undefined : redacted(item);
    if (made !== undefined) {
      const Body = JSON.stringify(made);
      if (Body === JSON.stringify(item)) return false;
      const object = { Key: quarantineKey(made), Body, ContentType: "application/json" };
      await asked(client.send(new PutObjectCommand({ Bucket, ...object })));
    }
    // With its version, a deletion leaves nothing.
    await asked(client.send(new DeleteObjectCommand({ Bucket, Key, VersionId })));
    return isLatest;
  }

  return {
    holding: async (holds) => {
      const keys: string[] = [];
      for await (const page of versions()) {
        const latest = page.filter(({ isLatest }) => isLatest);
        const found = await mapLimit(AT_ONCE, latest, async (one) => holds(await textOf(one)));
        keys.push(...latest.filter((_, n) => found[n] === true).map(({ Key }) => Key));
      }
      return keys;
    },

    redact: async (redaction) => {
      // Listed first: what is put meanwhile must not be listed again.
      const all: Version[] = [];
      for await (const page of versions()) all.push(...page);
      const changed = await mapLimit(AT_ONCE, all, (one) => redactOne(one, redaction));
      return changed.filter((one) => one).length;
    },
  };
}
