/** The program on a terminal of 80 and of 160 columns, with colours and links: the files under golden/ show what people see. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { event } from "../client.ts";
import { deployed, NOW, tokenOf } from "../http/given.ts";
import { digestOf } from "../ledger/given.ts";
import { CLI } from "../programs.ts";
import { broken, REPOSITORY, TWO } from "./broken.ts";
import { cleanUp, type LedgerServer, newFolder } from "./harness.ts";

afterEach(cleanUp);

/** A service with versions, a commit, a change and a freeze. */
async function given(): Promise<LedgerServer> {
  const ledger = await broken();
  const client = ledger.doors.client();
  const say = async (kind: string, id: string, time: string, data: object) =>
    expect((await client.say(event(kind, id, time, data))).status).toBe(201);
  const commit = { repository: "https://github.com/acme/billing", sha: "91af5aa8".repeat(5) };
  const image = { repository: REPOSITORY, digest: TWO };
  await say("artifact.pushed", "tag", "2026-11-19T00:00:00Z", { ...image, tag: "1.8.0" });
  await say("artifact.built", "build", "2026-11-19T00:00:00Z", {
    ...image,
    commit,
    evidence: "declared",
    url: "https://github.com/acme/billing/actions/runs/77",
  });
  await say("change.noted", "flag", "2026-11-22T02:49:00Z", {
    environment: "production",
    service: "acme/billing",
    type: "flag",
    title: "vat_eu off -> on",
    actor: "mona",
  });
  await say("deployment.observed", "seen", "2026-11-22T08:48:00Z", {
    environment: "staging",
    service: "acme/billing",
    deployment: { provider: "test", instance: "here", id: "staging" },
    components: [{ component: "main", repository: REPOSITORY, digest: digestOf("other") }],
  });
  expect(
    (await client.say(deployed("web", "2026-11-21T10:00:00.000Z", { service: "acme/web" }))).status,
  ).toBe(201);
  await ledger.doors.client("operator").post("/v1/freezes", { environment: "production", reason: "audit" });
  return ledger;
}

/** A clock that stands still, so that the same is printed every day. */
function clockAt(folder: string, now: string): string {
  const file = join(folder, "clock.mjs");
  writeFileSync(
    file,
    `const Clock = Date;
globalThis.Date = class extends Clock {
  constructor(...given) { super(...(given.length === 0 ? ["${now}"] : given)); }
  static now() { return Clock.parse("${now}"); }
};`,
  );
  return file;
}

/** What a terminal of so many columns receives; the escape character is shown as ␛. */
async function shown(ledger: LedgerServer, columns: number, commands: readonly string[]): Promise<string> {
  const folder = newFolder();
  const { PATH = "" } = process.env;
  writeFileSync(join(folder, "asof"), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`, {
    mode: 0o755,
  });
  const lines = commands.map((command) => `echo '$ ${command}'; ${command}; echo "exit $?"`);
  const script = [`stty cols ${columns}`, ...lines].join("\n");
  const child = spawn("script", ["-qec", script, "/dev/null"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: `${folder}:${PATH}`,
      HOME: folder,
      TERM: "xterm-256color",
      TZ: "Europe/Berlin",
      CI: "true",
      ASOF_URL: ledger.url,
      ASOF_TOKEN: tokenOf("reader"),
      NODE_OPTIONS: `--import ${clockAt(folder, NOW)}`,
    },
  });
  return (await text(child.stdout)).replaceAll("\r\n", "\n").replaceAll("\u001b", "␛");
}

const COMMANDS = [
  "asof show production/billing",
  "asof show production",
  "asof log production/billing --since 3d",
  "asof why production/billing --window 3d",
  "asof diff production 2026-11-15",
  "asof where production/billing",
  "asof plan production/billing~1",
  "asof status",
  "NO_COLOR=1 asof drift --ascii",
  "asof show produktion/biling",
];

/** What looks different where there is room. */
const WIDE = /^asof (show production\/|log|plan)/;

describe("a terminal", () => {
  it.each([80, 160])("of %i columns is shown what the golden file has", async (columns) => {
    const wide = columns > 80;
    const out = await shown(
      await given(),
      columns,
      wide ? COMMANDS.filter((one) => WIDE.test(one)) : COMMANDS,
    );
    await expect(out).toMatchFileSnapshot(`golden/terminal-${columns}.txt`);
  });
});
