/** The package in the hands of a user: installed from its tarball, with nothing of this tree. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { installGlobally, installInProject, pack, type Tarball } from "./real/package.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "asof-package-"));
const project = join(folder, "project");
const { PATH = "", HOME = "" } = process.env;
let tarball: Tarball;
let asof: string;

beforeAll(async () => {
  tarball = await pack(folder);
  asof = await installGlobally(tarball, join(folder, "prefix"));
  await installInProject(tarball, project, {
    "aws-cdk-lib": "cdk/node_modules",
    constructs: "cdk/node_modules",
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inProject = (...args: readonly string[]) => run(process.execPath, args, { cwd: project });

function written(name: string, text: string): string {
  writeFileSync(join(project, name), text);
  return name;
}

/** What two programs ask a ledger by the client, as whoever imports it writes it. */
const ASKING = `
import { LedgerError, ledgerClient } from "asof";
import { Release, Statement } from "asof/schemas";

const ledger = ledgerClient({ url: process.env.ASOF_URL ?? "", token: process.env.ASOF_TOKEN });
const place = { environment: "production", service: "acme/billing" };
const unknown = await ledger.release(place).catch((error) => error);
const digest = "sha256:" + "a".repeat(64);
const statement = Statement.parse({
  kind: "deployment.succeeded", source: "/test", id: "1", occurredAt: "2026-10-01T10:00:00.000Z", ...place,
  deployment: { provider: "test", instance: "here", id: "1" }, components: [{ component: "main", digest }],
});
const { outcomes } = await ledger.record([statement]);
const release = Release.parse(await ledger.release({ ...place, at: "2026-10-02" }));
console.log(JSON.stringify([
  unknown instanceof LedgerError && unknown.status, outcomes[0]?.outcome, release.components[0]?.digest === digest,
]));
`;

it("holds what it needs, and no TypeScript but declarations", () => {
  expect(tarball.paths).toEqual(
    expect.arrayContaining(["LICENSE", "README.md", "CHANGELOG.md", "dist/THIRD-PARTY-NOTICES.txt"]),
  );
  const sources = tarball.paths.filter((path) => /(?<!\.d)\.ts$/.test(path));
  expect(sources).toEqual([]);
  expect(tarball.paths.filter((path) => !/^(dist\/|[A-Za-z.-]+$)/.test(path))).toEqual([]);
});

it("shows what it can do", async () => {
  const { stdout } = await run(asof, ["--help"], { cwd: folder });
  for (const command of ["record", "migrations", "plan", "redeploy", "execute", "serve"]) {
    expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  }
});

it("serves a ledger, which the client of another program reports to and asks", async () => {
  const data = join(folder, "data");
  const env = { PATH, HOME, ASOF_DATA: data, ASOF_PORT: "0" };
  const server = spawn(asof, ["serve"], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const [greeting] = await once(server.stdout, "data");
  const [, address = ""] = /^asof listens on (\S+)/.exec(String(greeting)) ?? [];
  expect(String(greeting)).not.toContain("npm run");
  const page = await (await fetch(`${address}/`)).text();
  const [, script = ""] = /src="(\/main-[^"]+\.js)"/.exec(page) ?? [];
  expect((await fetch(`${address}${script}`)).status).toBe(200);
  const token = readFileSync(join(data, "token"), "utf8").trim();
  const program = written("asking.mjs", ASKING);
  const asked = await run(process.execPath, [program], {
    cwd: project,
    env: { PATH, ASOF_URL: address, ASOF_TOKEN: token },
  });
  expect(JSON.parse(asked.stdout)).toEqual([404, "recorded", true]);
  const asking = { cwd: folder, env: { PATH, ASOF_URL: address, ASOF_TOKEN: token } };
  // In a thread of its own, which is another file of the package.
  expect((await run(asof, ["backup", "backup.db"], asking)).stdout).toContain("1 fact");
  server.kill("SIGTERM");
  expect(await once(server, "exit")).toEqual([0, null]);
});

it("has types: what is asked wrongly does not compile", async () => {
  const options = { strict: true, module: "nodenext", target: "es2023", noEmit: true, types: ["node"] };
  const compile = (...files: readonly string[]) => {
    written("tsconfig.json", JSON.stringify({ compilerOptions: options, files }));
    return inProject(join(import.meta.dirname, "../node_modules/typescript/bin/tsc"), "-p", ".");
  };
  await compile(written("asking.ts", ASKING));
  const wrong = `import { ledgerClient } from "asof"; await ledgerClient({ url: "" }).release({ environment: "e" });`;
  const refused = await compile(written("wrong.ts", wrong)).catch((error: unknown) => error);
  expect(refused).toMatchObject({ stdout: expect.stringContaining("'service' is missing") });
});

it("is a construct in an app of its user, with the functions as they came, and the user's rules", async () => {
  written("rules.json", '[{"match":{"service":"acme/billing-service"},"set":{"service":"acme/billing"}}]');
  const app = `
    import { App, Stack } from "aws-cdk-lib";
    import { AsofExecutors, AsofLedger } from "asof/cdk";
    const app = new App({ analyticsReporting: false, outdir: "cdk.out" });
    const stack = new Stack(app, "mine");
    const { bus } = new AsofLedger(stack, "Ledger", { rules: "rules.json" });
    new AsofExecutors(new Stack(app, "reacting"), "Executors", { executors: true, maintenance: true });
    app.synth();
    console.log(Stack.of(bus).stackName);`;
  const { stdout } = await inProject(written("app.mjs", app));
  expect(stdout.trim()).toBe("mine");
  const out = join(project, "cdk.out");
  const assets = readdirSync(out).filter((name) => existsSync(join(out, name, "index.mjs")));
  expect(assets).toHaveLength(8);
  const packaged = join(project, "node_modules/asof/dist/functions/ingest/index.mjs");
  const ingest = assets.find((name) =>
    readFileSync(join(out, name, "index.mjs")).equals(readFileSync(packaged)),
  );
  expect(readFileSync(join(out, ingest ?? "", "rules.json"), "utf8")).toContain("acme/billing-service");
});

it("says in one line what is missing where its files were copied alone", async () => {
  const alone = join(folder, "alone");
  mkdirSync(alone);
  const dist = join(folder, "prefix/lib/node_modules/asof/dist");
  const files = readdirSync(dist).filter((file) => file.endsWith(".mjs"));
  for (const file of files) copyFileSync(join(dist, file), join(alone, file));
  const ended = (...args: readonly string[]) =>
    run(process.execPath, args, { cwd: alone, env: { PATH } }).catch((error: unknown) => error);
  const reads = ["migrations", "--environment", "e", "--database", "d", "--database-url"];
  expect(await ended("asof.mjs", "--help")).toMatchObject({ stderr: "" });
  for (const [name, ...args] of [
    ["libsql", "server.mjs"],
    ["libsql", "asof.mjs", "serve"],
    ["libsql", "asof.mjs", ...reads, "sqlite:asof.mjs"],
    ["pg", "asof.mjs", ...reads, "postgres://127.0.0.1/none"],
    ["mysql2", "asof.mjs", ...reads, "mysql://127.0.0.1/none"],
    ["mongodb", "asof.mjs", ...reads, "mongodb://127.0.0.1/none"],
  ] as const) {
    const line = new RegExp(`^asof: .*the package ${name} is not installed; run .*\n$`);
    expect(await ended(...args)).toMatchObject({ code: 1, stderr: expect.stringMatching(line) });
  }
});
