import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { drop, refusedFile, take } from "../../cli/record/outbox.ts";
import { cleanUp, newFolder } from "./harness.ts";

afterEach(cleanUp);

const OUTBOX = new URL("../../cli/record/outbox.ts", import.meta.url).href;

/** Runs a program that knows the outbox's file, in a process of its own; gives what it printed. */
function running(file: string, program: string): Promise<string> {
  const whole = `
    const { append, drop, take } = await import(${JSON.stringify(OUTBOX)});
    const file = ${JSON.stringify(file)};
    ${program}`;
  const args = ["--import", "tsx", "--input-type=module", "-e", whole];
  return new Promise((done, failed) => {
    execFile(process.execPath, args, (error, out) => (error === null ? done(out) : failed(error)));
  });
}

/** Appends lines, one at a time, while others take them away. */
const appending = (file: string, count: number): Promise<string> =>
  running(file, `for (let n = 0; n < ${count}; n++) append(file, [String(n)]);`);

/** Takes lines away, as often as it can before somebody puts an end to it, and prints them. */
const taking = (file: string): Promise<string> =>
  running(
    file,
    `const { existsSync } = await import("node:fs");
    while (!existsSync(file + "-end")) {
      const { files, lines } = take(file);
      for (const line of lines) console.log(line);
      drop(files);
    }`,
  );

describe("an outbox", () => {
  it("loses no line to a replay that takes it away while lines are added", async () => {
    const file = join(newFolder(), "outbox.ndjson");
    const seen = new Set<string>();
    const takeAll = () => {
      const { files, lines } = take(file);
      for (const line of lines) seen.add(line);
      drop(files);
    };
    let running = true;
    const adding = appending(file, 600).finally(() => {
      running = false;
    });
    while (running) {
      takeAll();
      await setImmediate();
    }
    await adding;
    takeAll();
    expect(seen.size).toBe(600);
  });

  it("loses no line to two replays at once, and neither of them breaks off", async () => {
    const file = join(newFolder(), "outbox.ndjson");
    const takers = [taking(file), taking(file)];
    await appending(file, 600);
    writeFileSync(`${file}-end`, "");
    const seen = new Set((await Promise.all(takers)).join("").split("\n"));
    const { lines } = take(file);
    for (const line of lines) seen.add(line);
    seen.delete("");
    expect(seen.size).toBe(600);
  });

  it.each([
    ["asof-outbox.ndjson", "asof-outbox.refused.ndjson"],
    ["/tmp/waiting", "/tmp/waiting.refused.ndjson"],
  ])("%s has its refusals in %s", (outbox, refused) => {
    expect(refusedFile(outbox)).toBe(refused);
  });
});
