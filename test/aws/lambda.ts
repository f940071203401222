/** A bundle as Lambda runs it: on Node 24, outside of this tree, called with one event at a time. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";

const Reply = z.object({ n: z.int(), answer: z.unknown().optional(), fault: z.string().optional() });

export interface Lambda {
  /** Calls the handler. Throws what it throws. */
  readonly call: (event: unknown) => Promise<unknown>;
  /** Moves its clock. */
  readonly forward: (ms: number) => Promise<void>;
  /** What it printed, line by line. */
  readonly lines: () => string[];
  /** What it said on standard error: warnings of the runtime, and errors. */
  readonly complaints: () => string;
  readonly stop: () => Promise<void>;
}

export async function startLambda(
  node: string,
  folder: string,
  environment: Record<string, string>,
): Promise<Lambda> {
  const entry = pathToFileURL(join(folder, "index.mjs")).href;
  const child = fork(join(import.meta.dirname, "runtime.ts"), [entry], {
    execPath: node,
    execArgv: [],
    env: environment,
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let printed = "";
  let complained = "";
  child.stdout?.on("data", (piece) => {
    printed += piece;
  });
  child.stderr?.on("data", (piece) => {
    complained += piece;
  });
  const waiting = new Map<number, (reply: z.infer<typeof Reply>) => void>();
  const exited = once(child, "exit");
  const [loaded] = await Promise.race([once(child, "message"), exited]);
  if (loaded !== "loaded") throw new Error(`the bundle does not start: ${complained}`);
  child.on("message", (message) => {
    const reply = Reply.parse(message);
    waiting.get(reply.n)?.(reply);
    waiting.delete(reply.n);
  });
  let count = 0;
  const send = async (message: object): Promise<unknown> => {
    const n = count++;
    const replied = new Promise<z.infer<typeof Reply>>((done) => waiting.set(n, done));
    child.send({ n, ...message });
    const { answer, fault } = await replied;
    if (fault !== undefined) throw new Error(fault);
    return answer;
  };
  return {
    call: (event) => send({ event }),
    forward: async (forwardMs) => {
      await send({ forwardMs });
    },
    lines: () => printed.split("\n").filter((line) => line !== ""),
    complaints: () => complained,
    stop: async () => {
      child.disconnect();
      await exited;
    },
  };
}
