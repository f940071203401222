import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const FILE = join(import.meta.dirname, "../functions/runtime/unhandled-rejections.ts");

/** A process that loses a promise while it is answering somebody else; the runtime of AWS would end it for that. */
const PROGRAM = `
  import { logUnhandled } from ${JSON.stringify(FILE)};
  process.on("unhandledRejection", () => process.exit(128));
  logUnhandled({ error: (message, fields) => console.error(JSON.stringify({ message, ...fields })) });
  Promise.reject(new TypeError("the store did not answer"));
  Promise.reject("no error at all");
  setTimeout(() => console.log("answered"), 20);
`;

it("logs a rejection that nobody awaited, and answers whoever else is waiting", () => {
  const args = ["--import", "tsx", "--input-type=module", "--eval", PROGRAM];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "answered\n" });
  const lines = stderr.split("\n").filter((line) => line.startsWith("{"));
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    {
      message: "a rejection that nobody awaited",
      name: "TypeError",
      reason: "the store did not answer",
      stack: expect.stringContaining("TypeError"),
    },
    { message: "a rejection that nobody awaited", name: "Error", reason: "no error at all" },
  ]);
});
