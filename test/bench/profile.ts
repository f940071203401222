/** Where the server's time goes while it answers: a CPU profile of its process, by what the code belongs to. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { sum } from "./timing.ts";

/** What `node --cpu-prof` writes: times in microseconds, since the machine started. */
const Profile = z.object({
  startTime: z.number(),
  nodes: z.array(
    z.object({
      id: z.int(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
      children: z.array(z.int()).optional(),
    }),
  ),
  samples: z.array(z.int()),
  timeDeltas: z.array(z.number()),
});
type Profile = z.infer<typeof Profile>;

/** A span of time on the clock that profiles are taken by, in microseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** That clock now. */
export const profileClock = (): number => Number(process.hrtime.bigint() / 1000n);

/** What a file belongs to, the first that matches. */
const PARTS: readonly [part: string, file: RegExp][] = [
  ["zod", /node_modules\/zod\//],
  ["the driver of SQLite", /node_modules\/(@libsql|libsql)\//],
  ["canonical JSON", /node_modules\/canonicalize\//],
  ["hono", /node_modules\/(hono|@hono)\//],
  ["crypto", /^node:internal\/crypto/],
  ["Node's HTTP and streams", /^node:/],
];
const ROOMS = /\/(functions|schemas)\/(?:(\w+)\/)?/;

function partOf(url: string): string {
  const found = PARTS.find(([, file]) => file.test(url));
  if (found !== undefined) return found[0];
  const [, room = "", inner] = ROOMS.exec(url) ?? [];
  return inner === undefined ? room || "other" : `${room}/${inner}`;
}

const fileOf = (url: string): string => url.replace(/^.*\/(?=node_modules\/|functions\/|schemas\/)/, "");

interface Frame {
  readonly part: string;
  readonly name: string;
}

/** Frames by node. Native code (JSON, hashing, the driver's binary) counts for whoever called it. */
function framesOf({ nodes }: Profile): Map<number, Frame> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const frames = new Map<number, Frame>();
  for (const { id, callFrame } of nodes) {
    const name = callFrame.functionName || "(anonymous)";
    let url = callFrame.url;
    for (let at = parents.get(id); url === "" && at !== undefined; at = parents.get(at))
      url = byId.get(at)?.callFrame.url ?? "";
    const own = url === "" ? name : `${name} ${fileOf(url)}`;
    frames.set(id, { part: url === "" ? name : partOf(url), name: own });
  }
  return frames;
}

const NOT_WORK = new Set(["(idle)", "(root)"]);
const NATIVE: ReadonlyMap<string, string> = new Map([
  ["(garbage collector)", "garbage collection"],
  ["(program)", "Node itself"],
]);

export interface Shares {
  readonly milliseconds: number;
  /** Shares of the time that was worked, largest first. */
  readonly parts: readonly [name: string, share: number][];
  readonly functions: readonly [name: string, share: number][];
}

function sharesOf(profile: Profile, { from, to }: Span): Shares {
  const frames = framesOf(profile);
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let at = profile.startTime;
  for (const [n, id] of profile.samples.entries()) {
    const took = profile.timeDeltas[n] ?? 0;
    at += took;
    const frame = frames.get(id);
    if (frame === undefined || at < from || at > to || NOT_WORK.has(frame.name)) continue;
    const part = NATIVE.get(frame.part) ?? frame.part;
    parts.set(part, (parts.get(part) ?? 0) + took);
    functions.set(frame.name, (functions.get(frame.name) ?? 0) + took);
  }
  const whole = sum([...parts.values()]);
  const ranked = (times: ReadonlyMap<string, number>): [string, number][] =>
    [...times].map(([name, took]): [string, number] => [name, took / whole]).sort(([, a], [, b]) => b - a);
  return { milliseconds: whole / 1000, parts: ranked(parts), functions: ranked(functions) };
}

/** A folder for one profile: the flags that have Node write it there, and how it is read once the process has ended. */
export function profiling(folder: string) {
  mkdirSync(folder, { recursive: true });
  return {
    flags: ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval", "200"],
    read: (span: Span): Shares => {
      const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
      rmSync(folder, { recursive: true });
      // Threads write one each: the loader's sleeps, the server's works.
      const shares = texts.map((text) => sharesOf(Profile.parse(JSON.parse(text)), span));
      const [busiest] = shares.sort((a, b) => b.milliseconds - a.milliseconds);
      if (busiest === undefined) throw new Error("the server wrote no profile");
      return busiest;
    },
  };
}

const TOP = 20;

/** Shares as two tables in Markdown. */
export function sharesTable(what: string, { milliseconds, parts, functions }: Shares): string {
  const line = ([name, share]: readonly [string, number]) => `| ${name} | ${(share * 100).toFixed(1)}% |`;
  const table = (head: string, rows: readonly [string, number][]) =>
    [`| ${head} | self time |`, "| --- | --: |", ...rows.slice(0, TOP).map(line)].join("\n");
  const worked = `The server worked ${(milliseconds / 1000).toFixed(1)} s while it was asked: ${what}.`;
  return `${worked}\n\n${table("part", parts)}\n\n${table("function", functions)}`;
}
