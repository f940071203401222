/** Reads a repository with git: the commits of a branch with what each changed, and the contents of blobs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { CliError } from "../../error.ts";

/** A file that a commit changed. */
export interface Changed {
  readonly path: string;
  /** The blob's id; undefined: the file is gone. */
  readonly blob: string | undefined;
}

export interface GitCommit {
  readonly sha: string;
  /** ISO 8601, of the committer. */
  readonly at: string;
  readonly authorMail: string;
  readonly changes: readonly Changed[];
}

/** Literal paths: a name with `*` is a name. */
const FIXED = ["--literal-pathspecs", "-c", "log.showRoot=true", "-c", "core.quotePath=false"];

function git(folder: string, args: readonly string[], stdin: "ignore" | "pipe") {
  const child = spawn("git", ["-C", folder, ...FIXED, ...args], { stdio: [stdin, "pipe", "pipe"] });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("git has no output");
  const complaints: string[] = [];
  stderr.setEncoding("utf8").on("data", (text: string) => complaints.push(text));
  const closed = new Promise<void>((resolve, reject) => {
    child.on("error", ({ message }) => reject(new CliError(`git cannot be run: ${message}`)));
    child.on("close", (code) => {
      const [why = `ended with ${code}`] = complaints.join("").trim().split("\n");
      if (code === 0 || code === null) resolve();
      else reject(new CliError(`git ${args[0]}: ${why}`));
    });
  });
  closed.catch(() => undefined);
  return { child, stdout, closed };
}

/** What git prints at once. Throws a CliError. */
export async function gitOutput(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout, closed } = git(folder, args, "ignore");
  const chunks: Buffer[] = [];
  for await (const chunk of stdout) chunks.push(Buffer.from(chunk));
  await closed;
  return Buffer.concat(chunks).toString("utf8");
}

/** The texts between NUL bytes. */
async function* tokensIn(output: Readable): AsyncGenerator<string> {
  let rest = "";
  output.setEncoding("utf8");
  for await (const chunk of output) {
    const tokens = `${rest}${chunk}`.split("\0");
    rest = tokens.pop() ?? "";
    yield* tokens;
  }
  if (rest !== "") yield rest;
}

const COMMIT = "\x01";
const FIELD = "\x02";
const FORMAT = `--format=%x01%H%x02%ct%x02%ae`;
const REGULAR = /^100/;

function startOf(token: string): Omit<GitCommit, "changes"> {
  const [sha = "", seconds = "", authorMail = ""] = token.slice(1).split(FIELD);
  return { sha, at: new Date(Number(seconds) * 1000).toISOString(), authorMail };
}

/** A line of `--raw`: modes and blobs before and after, and the status. Links and submodules count as no files. */
function blobOf(raw: string): string | undefined {
  const [, mode = "", , blob] = raw.trim().split(" ");
  return REGULAR.test(mode) ? blob : undefined;
}

/**
 * The commits of a branch, oldest first: along its first parents, because what stands on another branch takes effect when
 * it is merged. A merge has what it brought. Throws a CliError.
 */
export async function* commitsOf(folder: string, ref: string): AsyncGenerator<GitCommit> {
  const args = ["log", "--first-parent", "--diff-merges=first-parent", "--raw", "-z", "--no-renames"];
  const { stdout, closed } = git(folder, [...args, "--no-abbrev", "--reverse", FORMAT, ref, "--"], "ignore");
  let open: { start: Omit<GitCommit, "changes">; changes: Changed[] } | undefined;
  let raw: string | undefined;
  for await (const token of tokensIn(stdout)) {
    if (raw !== undefined) {
      open?.changes.push({ path: token, blob: blobOf(raw) });
      raw = undefined;
    } else if (token.startsWith(COMMIT)) {
      if (open !== undefined) yield { ...open.start, changes: open.changes };
      open = { start: startOf(token), changes: [] };
    } else if (token.trim().startsWith(":")) raw = token;
  }
  if (open !== undefined) yield { ...open.start, changes: open.changes };
  await closed;
}

/** Reads the answers of `git cat-file --batch`: a line with id, type and size, the bytes, and a line end. */
function answersIn(output: Readable) {
  const iterator = output[Symbol.asyncIterator]();
  let buffer = Buffer.alloc(0);
  async function more(): Promise<void> {
    const next = await iterator.next();
    if (next.done === true) throw new CliError("git cat-file ended before it answered");
    buffer = Buffer.concat([buffer, Buffer.from(next.value)]);
  }
  async function line(): Promise<string> {
    for (let end = buffer.indexOf(10); ; end = buffer.indexOf(10)) {
      if (end >= 0) {
        const text = buffer.subarray(0, end).toString("utf8");
        buffer = buffer.subarray(end + 1);
        return text;
      }
      await more();
    }
  }
  return async (): Promise<string> => {
    const [, , size] = (await line()).split(" ");
    // A partial clone may lack it.
    if (size === undefined) return "";
    const end = Number(size) + 1;
    while (buffer.length < end) await more();
    const text = buffer.subarray(0, end - 1).toString("utf8");
    buffer = buffer.subarray(end);
    return text;
  };
}

export interface Blobs {
  /** The contents of blobs; of one that is not there, an empty text. */
  readonly read: (ids: readonly string[]) => Promise<Map<string, string>>;
  readonly close: () => void;
}

/** A reader of blobs: one process for all of them. */
export function blobsOf(folder: string): Blobs {
  const { child, stdout } = git(folder, ["cat-file", "--batch"], "pipe");
  const answer = answersIn(stdout);
  const { stdin } = child;
  if (stdin === null) throw new Error("git has no input");
  stdin.on("error", () => undefined);
  return {
    async read(ids) {
      const found = new Map<string, string>();
      if (ids.length === 0) return found;
      if (!stdin.write(`${ids.join("\n")}\n`)) void once(stdin, "drain").catch(() => undefined);
      for (const id of ids) found.set(id, await answer());
      return found;
    },
    close: () => stdin.end(),
  };
}
