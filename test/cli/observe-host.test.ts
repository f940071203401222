/** `asof observe systemd` and `pm2`: what programs of a plain machine say, as far as it says which code runs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Release } from "../../schemas/answer.ts";
import { event } from "../client.ts";
import { shaOf } from "../ledger/given.ts";
import { newRepository } from "./git-repository.ts";
import { asof, cleanUp, type LedgerServer, ledgerServer, newFolder } from "./harness.ts";

afterEach(cleanUp);

const SHA = shaOf("one");

/** A folder of a program, with its files. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = newFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** A machine on which a program prints a text, and complains where there is none. */
function machineWith(program: string, text: string | undefined) {
  const bin = join(newFolder(), "bin");
  mkdirSync(bin);
  const printed = join(bin, "printed");
  writeFileSync(printed, text ?? "");
  const script =
    text === undefined ? 'echo "no bus here" >&2; exit 1' : `echo "$@" > ${bin}/asked; cat ${printed}`;
  writeFileSync(join(bin, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { PATH: [bin, process.env.PATH].join(delimiter) };
}

const look = (ledger: LedgerServer, env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  asof(["observe", ...args, "--host", "vm-1"], { ASOF_URL: ledger.url, ...env });

const unit = (properties: Readonly<Record<string, string>>): string =>
  Object.entries({
    LoadState: "loaded",
    ActiveState: "active",
    SubState: "running",
    ExecMainStartTimestamp: "@1795161600",
    ...properties,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");

describe("asof observe systemd", () => {
  it("reports the commit that lies beside a unit, else its package's version, since its start", async () => {
    const ledger = await ledgerServer();
    const withCommit = folderWith({ REVISION: `${SHA}\n`, "package.json": '{"version":"9.9.9"}' });
    const withVersion = folderWith({ "package.json": '{"version":"1.4.2"}' });
    const env = machineWith(
      "systemctl",
      [
        unit({ Id: "billing.service", WorkingDirectory: withCommit }),
        unit({ Id: "web.service", WorkingDirectory: `!${withVersion}` }),
      ].join("\n\n"),
    );
    const { out } = await look(ledger, env, "systemd", "billing", "web.service", "--dry-run", "--json");
    expect(out.split("\n").map((line) => JSON.parse(line))).toMatchObject([
      {
        kind: "deployment.observed",
        source: "/observe/systemd/vm-1",
        environment: "vm-1",
        service: "billing",
        since: "2026-11-20T08:00:00.000Z",
        occurredAt: "2026-11-22T09:00:00.000Z",
        components: [{ component: "main" }],
        commit: { sha: SHA },
      },
      { service: "web", components: [{ component: "main", tag: "1.4.2" }] },
    ]);
  });

  it("is as deployed where the deployment named that commit, and drift where it named another", async () => {
    const ledger = await ledgerServer();
    const env = machineWith(
      "systemctl",
      unit({ Id: "billing.service", WorkingDirectory: folderWith({ REVISION: SHA }) }),
    );
    const deployed = (commit: string, time: string) =>
      ledger.doors.client().say(
        event("deployment.succeeded", commit, time, {
          environment: "vm-1",
          service: "billing",
          deployment: { provider: "ci", instance: "acme", id: commit },
          components: [{ component: "main" }],
          commit: { sha: commit },
        }),
      );
    const release = async () => {
      const place = { environment: "vm-1", service: "billing" };
      return Release.parse((await ledger.doors.client().get("/v1/release", place)).json);
    };
    await deployed(SHA, "2026-11-20T07:59:00Z");
    expect((await look(ledger, env, "systemd", "billing")).out).toContain("1 recorded");
    expect(await release()).toMatchObject({ drift: null, seenAt: "2026-11-22T09:00:00.000Z" });
    await deployed(shaOf("two"), "2026-11-21T08:00:00Z");
    expect((await release()).drift).not.toBeNull();
  });

  it("says what it cannot know, and is silent about what is stopped", async () => {
    const env = machineWith(
      "systemctl",
      [
        unit({ Id: "nothing.service", LoadState: "not-found", ActiveState: "inactive" }),
        unit({ Id: "loops.service", ActiveState: "activating", SubState: "auto-restart" }),
        unit({ Id: "stopped.service", ActiveState: "inactive", SubState: "dead" }),
        unit({ Id: "bare.service", WorkingDirectory: "" }),
      ].join("\n\n"),
    );
    const { code, out } = await look(
      await ledgerServer(),
      env,
      "systemd",
      "nothing",
      "loops",
      "stopped",
      "bare",
    );
    expect(code).toBe(0);
    expect(out).toContain("0 statements");
    expect(out).toContain("a unit that systemd does not know (nothing.service)");
    expect(out).toContain("started again and again (loops.service)");
    expect(out).toContain("which code a unit runs: it has no commit file and no package.json (bare.service)");
    expect(out).not.toContain("stopped");
  });

  it("fails in one line where systemd does not answer", async () => {
    const ended = await look(await ledgerServer(), machineWith("systemctl", undefined), "systemd", "billing");
    expect(ended).toMatchObject({ code: 1, err: "asof: systemctl: no bus here" });
  });
});

describe("asof observe pm2", () => {
  const started = Date.parse("2026-11-20T08:00:00Z");
  const application = (name: string, env: object = {}) => ({
    name,
    pm_id: 0,
    pm2_env: { status: "online", pm_uptime: started, version: "N/A", ...env },
  });
  const shown =
    (list: readonly object[], ...more: readonly string[]) =>
    async () =>
      look(await ledgerServer(), machineWith("pm2", JSON.stringify(list)), "pm2", ...more);

  it("reports the commit of the repository, else that of a file, else the version", async () => {
    const { out } = await shown(
      [
        application("api", { versioning: { revision: SHA }, version: "1.0.0" }),
        application("api", { versioning: { revision: SHA }, pm_uptime: started + 60_000 }),
        application("web", { pm_cwd: folderWith({ REVISION: shaOf("two") }), versioning: null }),
        application("worker", { version: "2.1.0" }),
      ],
      "--dry-run",
      "--json",
    )();
    expect(out.split("\n").map((line) => JSON.parse(line))).toMatchObject([
      { service: "api", environment: "vm-1", commit: { sha: SHA }, since: "2026-11-20T08:01:00.000Z" },
      { service: "web", commit: { sha: shaOf("two") }, since: "2026-11-20T08:00:00.000Z" },
      { service: "worker", components: [{ component: "main", tag: "2.1.0" }] },
    ]);
  });

  it("says what it cannot know", async () => {
    const { out, code } = await shown([
      application("mixed", { version: "1.0.0" }),
      application("mixed", { version: "1.1.0" }),
      application("bare"),
      application("broken", { status: "errored" }),
      application("stopped", { status: "stopped" }),
    ])();
    expect(code).toBe(0);
    expect(out).toContain("0 statements");
    expect(out).toContain("whose processes run different code (mixed)");
    expect(out).toContain("it has no repository, commit file or package.json (bare)");
    expect(out).toContain("an application runs that PM2 gave up (broken)");
    expect(out).not.toContain("stopped");
  });

  it("reads the commit that a repository had when an application started, and none from before it was there", async () => {
    const repository = newRepository();
    const ran = repository.commit("2026-11-20T07:00:00Z", { "app.js": "1" });
    repository.commit("2026-11-21T07:00:00Z", { "app.js": "2" });
    const pm_cwd = repository.folder;
    const { out } = await shown(
      [
        application("api", { pm_cwd, version: undefined }),
        application("older", { pm_cwd, version: undefined, pm_uptime: started - 86_400_000 }),
      ],
      "--dry-run",
      "--json",
    )();
    expect(JSON.parse(out)).toMatchObject({ service: "api", commit: { sha: ran } });
  });

  it("reads the list after PM2's own notices, and an empty one", async () => {
    const text = `>>>> In-memory PM2 is out-of-date\n${JSON.stringify([application("api", { version: "1.0.0" })])}`;
    expect((await look(await ledgerServer(), machineWith("pm2", text), "pm2")).out).toContain("1 recorded");
    expect((await look(await ledgerServer(), machineWith("pm2", "[]\n"), "pm2")).out).toContain(
      "0 statements",
    );
    expect((await look(await ledgerServer(), machineWith("pm2", "what?"), "pm2")).err).toContain(
      "pm2: jlist prints no list of processes",
    );
  });
});
