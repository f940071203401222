/** What the words of a question name, and when. */
import { describe, expect, it } from "vitest";
import { timeReader } from "../../cli/ask/when.ts";
import { exactOptions, type KnownNames, quoted, readingsOf } from "../../cli/ask/words.ts";

const KNOWN: KnownNames = {
  services: [
    { service: "acme/billing", environments: ["production", "staging", "eu west/1"] },
    { service: "acme/web", environments: ["production", "prod:eu@2", "log"] },
    { service: "pay/web", environments: ["production"] },
  ],
  groups: ["europe"],
};
const DIGEST = `sha256:${"ab".repeat(32)}`;
const isTime = (words: string) => /^(7d|yesterday|last friday 14:00|2026-10-22)$/.test(words);
const read = (...words: string[]) =>
  readingsOf(words, KNOWN, isTime).map((one) => exactOptions(one).map(quoted).join(" "));

describe("words", () => {
  it.each<[string, string[], string[]]>([
    ["an environment", ["production"], ["-e production"]],
    ["a service by its whole name", ["production/acme/billing"], ["-e production -s acme/billing"]],
    ["a service by its tail", ["staging/billing"], ["-e staging -s acme/billing"]],
    ["a service in another spelling", ["STAGING/Billing"], ["-e staging -s acme/billing"]],
    ["several releases back", ["staging/billing~3"], ["-e staging -s acme/billing --back 3"]],
    ["a time after it", ["staging/billing", "7d"], ["-e staging -s acme/billing --at 7d"]],
    [
      "a time of several words",
      ["production", "last", "friday", "14:00"],
      ["-e production --at 'last friday 14:00'"],
    ],
    ["a time behind an @", ["production@2026-10-22"], ["-e production --at 2026-10-22"]],
    [
      "a name that holds a slash and a space",
      ["eu", "west/1/billing", "yesterday"],
      ["-e 'eu west/1' -s acme/billing --at yesterday"],
    ],
    ["a name that holds a colon and an @", ["prod:eu@2/web"], ["-e prod:eu@2 -s acme/web"]],
    ["a place that is called like a command", ["log/web"], ["-e log -s acme/web"]],
    ["a group", ["europe/billing"], ["-g europe -s acme/billing"]],
    ["a digest, whole or its beginning", ["sha256:ABCDEF0"], ["--digest sha256:abcdef0"]],
    ["a pinned image", [`ghcr.io/acme/web@${DIGEST}`], [`--digest ${DIGEST}`]],
    ["a commit", ["91af5aa"], ["--commit 91af5aa"]],
    ["a tag", ["ghcr.io/acme/web:1.8.0"], ["--tag ghcr.io/acme/web:1.8.0"]],
    [
      "each service that has the same tail",
      ["production/web"],
      ["-e production -s acme/web", "-e production -s pay/web"],
    ],
    ["nothing that the ledger knows", ["produktion"], []],
    ["nothing where the rest is no time", ["production", "some", "day"], []],
  ])("name %s", (_, words, expected) => {
    expect(read(...words)).toEqual(expected);
  });

  it("that are a place and look like a commit mean both", () => {
    const known = { services: [{ service: "web", environments: ["deadbeef"] }], groups: [] };
    expect(readingsOf(["deadbeef"], known, () => false)).toEqual([
      { what: { is: "place", environment: "deadbeef", back: 0 } },
      { what: { is: "commit", sha: "deadbeef" } },
    ]);
  });
});

describe("words of a time", () => {
  const NOW = new Date("2026-11-27T02:12:00.000Z");
  it.each([
    ["7d", "-7d"],
    ["-90m", "-90m"],
    ["yesterday", "yesterday"],
    ["2026-10-22", "2026-10-22"],
    ["2026-10-22 09:00", "2026-10-22T09:00"],
    ["2026-10-22T09:00+02:00", "2026-10-22T09:00+02:00"],
    ["last friday 14:00", "2026-11-20T14:00:00"],
    ["2 hours ago", "2026-11-27T00:12:00.000Z"],
    ["22 October", "2026-10-22"],
    ["02:55", "2026-11-27T02:55:00"],
  ])("%s is %s in Berlin", async (words, expected) => {
    expect((await timeReader({ now: NOW, tz: "Europe/Berlin" }))(words)).toBe(expected);
  });

  it.each(["01/02/2026", "1.2.2026 10:00", "20261022", "soon", "billing yesterday", ""])(
    "%j are none",
    async (words) => {
      expect((await timeReader({ now: NOW, tz: "Europe/Berlin" }))(words)).toBeUndefined();
    },
  );
});
