/** A copy of one kind of objects, reduced to what is read of them, and kept up to date by a watch. */
import { setTimeout } from "node:timers/promises";
import pRetry from "p-retry";
import * as z from "zod";
import { CliError } from "../../error.ts";
import { type Cluster, ClusterRefusal, GONE, type ListPage } from "../../kubernetes/cluster.ts";
import type { ObservedResource } from "./resources.ts";

const Meta = z.object({ metadata: z.object({ uid: z.string().optional(), resourceVersion: z.string() }) });

/** Times between which the copy was not up to date, and what came and went in between cannot be known. */
export interface Gap {
  readonly resource: string;
  readonly from: string;
  readonly to: string;
}

export interface Mirror<T> {
  readonly objects: () => IterableIterator<T>;
  /** Lists everything anew. Of what is optional, a refusal is remembered (`refused`) and no error. */
  readonly fill: () => Promise<void>;
  /** Follows until the signal aborts. */
  readonly follow: (signal: AbortSignal) => Promise<void>;
  /** When the server last said that the copy is up to date. Throws a CliError while it is not. */
  readonly heardAt: () => Date;
  /** The status with which the server refused something optional; 404 if it does not have the kind. */
  readonly refused: () => number | undefined;
}

export interface MirrorOptions<T> {
  /** Absent: all. */
  readonly namespace: string | undefined;
  readonly now: () => Date;
  readonly waitMs: number;
  /** Undefined: the object is not needed. */
  readonly reduce: (object: unknown) => T | undefined;
  readonly changed: () => void;
  readonly missed: (gap: Gap) => void;
}

/** Objects a page. Pods have about 10 KB each, and a page is in memory at once. */
const PAGE = 100;
/** Between two tries while the server does not answer. */
const PAUSES = 16;
/** A list expires while it is read; so often it is begun anew. */
const LISTS = 5;
/** A watch of which so long nothing is heard, not even a bookmark, is not relied on. */
const SILENT_MS = 120_000;
/** An optional kind may be installed later. */
const ABSENT_MS = 300_000;

export function mirrorOf<T>(
  cluster: Cluster,
  resource: ObservedResource,
  { namespace, now, waitMs, reduce, changed, missed }: MirrorOptions<T>,
): Mirror<T> {
  let objects = new Map<string, T>();
  let version = "";
  let heard = now();
  let refused: number | undefined;
  let failure: unknown;

  function take(object: unknown, into: Map<string, T>): void {
    const meta = Meta.safeParse(object).data?.metadata;
    const reduced = reduce(object);
    if (meta?.uid === undefined) return;
    if (reduced === undefined) into.delete(meta.uid);
    else into.set(meta.uid, reduced);
  }

  async function listed(): Promise<void> {
    const found = new Map<string, T>();
    let last: ListPage = { items: [], resourceVersion: "" };
    const began = now();
    for await (const page of cluster.list(resource, { namespace, limit: PAGE })) {
      for (const item of page.items) take(item, found);
      last = page;
    }
    [objects, version, heard, refused, failure] = [found, last.resourceVersion, began, undefined, undefined];
  }

  /** Begins anew where the next page of a list is too old. */
  const listedWhole = (): Promise<void> =>
    pRetry(listed, {
      retries: LISTS,
      minTimeout: waitMs,
      shouldRetry: ({ error }) => error instanceof ClusterRefusal && error.status === GONE,
    });

  async function fill(): Promise<void> {
    try {
      await listedWhole();
    } catch (error) {
      const status = error instanceof ClusterRefusal ? error.status : 0;
      if (resource.isOptional !== true || (status !== 404 && status !== 403)) throw error;
      [objects, heard, refused, failure] = [new Map(), now(), status, undefined];
    }
    changed();
  }

  function onEvent(type: string, object: unknown): void {
    const meta = Meta.safeParse(object).data?.metadata;
    if (meta === undefined) return;
    version = meta.resourceVersion;
    heard = now();
    if (type === "BOOKMARK") return;
    if (type === "DELETED") objects.delete(meta.uid ?? "");
    else take(object, objects);
    changed();
  }

  /** One watch, and a new list where the server has forgotten its beginning, or said nothing all the time. */
  async function watched(signal: AbortSignal): Promise<void> {
    const [before, began] = [heard, now().getTime()];
    const opened = () => {
      failure = undefined;
    };
    const end = await cluster.watch(
      resource,
      { namespace, resourceVersion: version },
      { take: onEvent, opened },
      signal,
    );
    if (signal.aborted) return;
    if (end === "gone") {
      const from = heard.toISOString();
      await fill();
      missed({ resource: resource.plural, from, to: heard.toISOString() });
      changed();
    } else if (heard === before && now().getTime() - began > SILENT_MS) version = "";
  }

  async function follow(signal: AbortSignal): Promise<void> {
    const pause = (ms: number) => setTimeout(ms, undefined, { signal }).catch(() => undefined);
    for (let failures = 0; !signal.aborted; )
      try {
        if (refused !== undefined) await pause(ABSENT_MS);
        if (refused !== undefined || version === "") await fill();
        else {
          await watched(signal);
          await pause(waitMs);
        }
        failures = 0;
      } catch (error) {
        failure = error;
        failures = Math.min(failures + 1, PAUSES);
        await pause(waitMs * failures);
      }
  }

  return {
    objects: () => objects.values(),
    fill,
    follow,
    refused: () => refused,
    heardAt: () => {
      if (failure instanceof CliError) throw failure;
      if (failure !== undefined)
        throw new CliError(`${resource.plural}: ${String(failure)}`, { cause: failure });
      return heard;
    },
  };
}
