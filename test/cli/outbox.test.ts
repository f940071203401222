import { execFile } from "node:child_process";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { drop, refusedFile, take } from "../../cli/record/outbox.ts";
import { cleanUp, newFolder } from "./world.ts";

afterEach(cleanUp);

const OUTBOX = new URL("../../cli/record/outbox.ts", import.meta.url).href;

/** A process that appends lines, one at a time, while others take them away. */
function appending(file: string, count: number): Promise<void> {
  const program = `
    const { append } = await import(${JSON.stringify(OUTBOX)});
    for (let n = 0; n < ${count}; n++) append(${JSON.stringify(file)}, [String(n)]);`;
  const args = ["--import", "tsx", "--input-type=module", "-e", program];
  return new Promise((done, failed) => {
    execFile(process.execPath, args, (error) => (error === null ? done() : failed(error)));
  });
}

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

  it.each([
    ["asof-outbox.ndjson", "asof-outbox.refused.ndjson"],
    ["/tmp/waiting", "/tmp/waiting.refused.ndjson"],
  ])("%s has its refusals in %s", (outbox, refused) => {
    expect(refusedFile(outbox)).toBe(refused);
  });
});
