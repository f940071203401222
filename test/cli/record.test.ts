import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { Release } from "../../schemas/answer.ts";
import { BOUND, tokenOf } from "../http/given.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { serving, sha256, cleanUp as stopRegistries } from "../registry/server.ts";
import { asof, cleanUp, type LedgerServer, ledgerServer, linesOf, newFolder } from "./harness.ts";

afterEach(async () => {
  await stopRegistries();
  await cleanUp();
});

const SHA = shaOf("head");
const DIGEST = digestOf("billing");
const CI = {
  GITHUB_ACTIONS: "true",
  GITHUB_SERVER_URL: "https://github.com",
  GITHUB_REPOSITORY: "acme/billing",
  GITHUB_SHA: SHA,
  GITHUB_REF: "refs/heads/main",
  GITHUB_RUN_ID: "77",
  GITHUB_RUN_ATTEMPT: "1",
  GITHUB_JOB: "deploy",
  GITHUB_TRIGGERING_ACTOR: "ada",
};
const DEPLOY = ["record", "deploy", "--environment", "production", "--service", "acme/billing"];

const at = ({ url }: LedgerServer) => ({ ...CI, ASOF_URL: url });
const outboxIn = (folder: string): string[] => ["--outbox", join(folder, "outbox.ndjson")];
const linesIn = (folder: string): string[] => linesOf(join(folder, "outbox.ndjson"));

async function releaseOf({ doors }: LedgerServer, environment = "production", service = "acme/billing") {
  return Release.parse((await doors.client().get("/v1/release", { environment, service })).json);
}

const Line = z.looseObject({ source: z.string(), id: z.string(), kind: z.string() });

/** Every fact that the ledger holds, in the order recorded. */
async function factsOf({ doors }: LedgerServer) {
  doors.setNow("2026-11-22T10:00:00.000Z");
  const { text } = await doors.client().get("/v1/export", { from: "2026-11-01" });
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => Line.parse(JSON.parse(line)));
}

const Events = z.array(
  z.looseObject({ id: z.string(), type: z.string(), source: z.string(), data: z.looseObject({}) }),
);
/** What a dry run prints below what it found. */
async function eventsOf(args: readonly string[], env: Readonly<Record<string, string>> = CI) {
  const { out, code, err } = await asof([...args, "--dry-run"], env);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return Events.parse(JSON.parse(out.slice(out.indexOf("[\n"))));
}

describe("what is recorded", () => {
  it("is a release, from its build to its evidence", async () => {
    const ledger = await ledgerServer();
    const image = "ghcr.io/acme/billing";
    const lines = [
      ["record", "build", "--image", `${image}:1.4.2`, "--digest", DIGEST, "--no-registry"],
      ["record", "push", "--image", `${image}:1.4.2`, "--digest", DIGEST, "--no-registry"],
      [
        ...DEPLOY,
        "--image",
        image,
        "--config",
        "https://github.com/acme/deploy@77aa01c:production/billing.yaml",
      ],
      [
        "record",
        "migration",
        "--environment",
        "production",
        "--service",
        "acme/billing",
        "--database",
        "billing",
      ],
      ["record", "evidence", "--type", "test", "--verdict", "passed"],
    ];
    lines[3]?.push("--version", "12", "--reversible", "true", "--loses-data", "unknown");
    for (const line of lines) {
      const { code, out, err } = await asof(line, at(ledger));
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toMatch(/^recorded dev\.asof\./m);
    }
    const release = await releaseOf(ledger);
    expect(release).toMatchObject({
      status: "running",
      deployment: { provider: "github-actions", instance: "github.com", id: "77/1" },
      components: [
        {
          component: "main",
          digest: DIGEST,
          resolvedBy: "commit",
          image: `${image}@${DIGEST}`,
          tags: ["1.4.2"],
          commit: { repository: "https://github.com/acme/billing", sha: SHA, ref: "refs/heads/main" },
          build: { url: "https://github.com/acme/billing/actions/runs/77" },
        },
      ],
      config: [
        {
          repository: "https://github.com/acme/deploy",
          revision: "77aa01c",
          path: "production/billing.yaml",
        },
      ],
      migrations: [{ database: "billing", version: "12" }],
    });
    const facts = await factsOf(ledger);
    expect(facts.map(({ kind }) => kind)).toEqual([
      "artifact.built",
      "artifact.pushed",
      "deployment.succeeded",
      "migration.applied",
      "evidence.attached",
    ]);
    expect(new Set(facts.map(({ source }) => source))).toEqual(new Set(["/cli/github.com/acme/billing"]));
  });

  it("is what else changed, and an incident from its beginning to its end", async () => {
    const ledger = await ledgerServer();
    const place = ["--environment", "production", "--service", "acme/billing"];
    const broke = ["record", "incident", ...place, "--incident", "INC-7", "--title", "invoices are empty"];
    const lines = [
      ["record", "change", ...place, "--type", "flag", "--title", "vat_eu: off to on", "--id", "flag/12"],
      ["record", "change", "--everywhere", "--type", "secret", "--title", "a key was rotated"],
      broke,
      [...broke, "--resolved", "--type", "major"],
    ];
    for (const line of lines) expect(await asof(line, at(ledger))).toMatchObject({ code: 0, err: "" });
    const [flag, secret, opened, resolved] = await factsOf(ledger);
    expect(flag).toMatchObject({
      kind: "change.noted",
      id: "flag/12",
      environment: "production",
      service: "acme/billing",
      type: "flag",
      title: "vat_eu: off to on",
      url: "https://github.com/acme/billing/actions/runs/77",
    });
    expect(secret).toMatchObject({ kind: "change.noted", type: "secret" });
    expect(secret).not.toHaveProperty("environment");
    expect(opened).toMatchObject({ kind: "incident.opened", incident: "INC-7", service: "acme/billing" });
    expect(resolved).toMatchObject({ kind: "incident.resolved", incident: "INC-7", type: "major" });
    expect((await asof(broke, at(ledger))).out).toContain("duplicate ");
  });

  it("tells twelve images of one commit apart by the image that a deployment names", async () => {
    const ledger = await ledgerServer();
    for (const name of ["billing", "worker"]) {
      await asof(
        ["record", "build", "--image", `ghcr.io/acme/${name}`, "--digest", digestOf(name), "--no-registry"],
        at(ledger),
      );
    }
    await asof([...DEPLOY, "--image", "ghcr.io/acme/worker"], at(ledger));
    expect((await releaseOf(ledger)).components).toMatchObject([
      { resolvedBy: "commit", digest: digestOf("worker"), candidates: [] },
    ]);
  });

  it("tells twelve images of one commit apart by the service that each was built as", async () => {
    const ledger = await ledgerServer();
    for (const name of ["worker", "billing"]) {
      const image = ["--image", `ghcr.io/acme/${name}`, "--digest", digestOf(name), "--no-registry"];
      await asof(["record", "build", "--service", `acme/${name}`, ...image], at(ledger));
    }
    await asof(DEPLOY, at(ledger));
    expect((await releaseOf(ledger)).components).toMatchObject([
      {
        resolvedBy: "commit",
        digest: digestOf("billing"),
        repository: "ghcr.io/acme/billing",
        candidates: [],
      },
    ]);
  });

  it("leaves a service's other components running where one component was deployed", async () => {
    const ledger = await ledgerServer();
    for (const name of ["api", "worker"]) {
      await asof([...DEPLOY, "--component", name, "--digest", digestOf(name)], at(ledger));
    }
    expect((await releaseOf(ledger)).components).toMatchObject([
      { component: "api", digest: digestOf("api") },
      { component: "worker", digest: digestOf("worker") },
    ]);
  });

  it("says where each thing was found, and for programs says it in JSON", async () => {
    const ledger = await ledgerServer();
    const people = await asof([...DEPLOY, "--digest", DIGEST], at(ledger));
    expect(people.out).toContain(`commit       ${SHA}  (GITHUB_SHA)`);
    const programs = await asof([...DEPLOY, "--digest", DIGEST, "--json"], at(ledger));
    expect(JSON.parse(programs.out)).toMatchObject({
      found: { sha: { value: SHA, from: "GITHUB_SHA" } },
      results: [{ type: "dev.asof.deployment.succeeded.v1", outcome: "duplicate" }],
    });
  });
});

describe("a command that runs again in its job", () => {
  it.each([
    ["a deployment", [...DEPLOY, "--digest", DIGEST]],
    [
      "a build",
      ["record", "build", "--image", "ghcr.io/acme/billing:1", "--digest", DIGEST, "--no-registry"],
    ],
    ["evidence", ["record", "evidence", "--type", "test", "--verdict", "passed"]],
  ])("records %s once, and ends with 0", async (_, line) => {
    const ledger = await ledgerServer();
    expect((await asof(line, at(ledger))).out).toContain("recorded ");
    ledger.doors.setNow("2026-11-22T09:05:00.000Z");
    const again = await asof(line, at(ledger), "2026-11-22T09:05:00.000Z");
    expect(again).toMatchObject({ code: 0, err: "" });
    expect(again.out).toContain("duplicate ");
    expect(await factsOf(ledger)).toHaveLength(1);
  });

  it("records it again in another attempt, job or step", async () => {
    const ledger = await ledgerServer();
    const line = ["record", "evidence", "--type", "test"];
    for (const more of [{}, { GITHUB_RUN_ATTEMPT: "2" }, { RUNNER_NAME: "r2" }, { GITHUB_ACTION: "__run_2" }])
      expect((await asof(line, { ...at(ledger), ...more })).out).toContain("recorded ");
  });

  it("is a conflict where a time was given, and differs", async () => {
    const ledger = await ledgerServer();
    const line = [...DEPLOY, "--digest", DIGEST, "--time"];
    await asof([...line, "2026-11-22T08:00:00Z"], at(ledger));
    expect((await asof([...line, "2026-11-22T08:01:00Z"], at(ledger))).code).toBe(5);
  });

  it("waits twice in the outbox, and is recorded once by a replay", async () => {
    const outbox = outboxIn(newFolder());
    const line = [...DEPLOY, "--digest", DIGEST, ...outbox];
    const ledger = await ledgerServer();
    const gone = { ...CI, ASOF_URL: "http://127.0.0.1:1" };
    await asof(line, gone, "2026-11-22T08:00:00.000Z");
    await asof(line, gone, "2026-11-22T08:01:00.000Z");
    const { code, out } = await asof(["record", "--replay", ...outbox], at(ledger));
    expect(code).toBe(0);
    expect(out).toContain("recorded ");
    expect(out).toContain("duplicate ");
  });
});

describe("a failed deployment", () => {
  const line = [...DEPLOY, "--digest", DIGEST, "--status"];

  it("has its outcome and its reason", async () => {
    const ending = ["--outcome", "cancelled", "--reason", "stopped by the operator"];
    expect(await eventsOf([...line, "failed", ...ending])).toMatchObject([
      { data: { outcome: "cancelled", reason: "stopped by the operator" } },
    ]);
  });

  it("alone has them", async () => {
    const { code, err } = await asof([...line, "succeeded", "--reason", "x"], CI);
    expect({ code, err }).toEqual({ code: 2, err: "asof: --outcome and --reason need --status failed" });
  });
});

describe("what is said", () => {
  it("is of the run's commit only where nothing else tells what was deployed", async () => {
    const commitIn = async (...more: string[]) => (await eventsOf([...DEPLOY, ...more]))[0]?.data.commit;
    expect(await commitIn("--image", "ghcr.io/acme/billing")).toMatchObject({
      sha: SHA,
      ref: "refs/heads/main",
    });
    expect(await commitIn("--digest", DIGEST)).toBeUndefined();
    expect(await commitIn("--image", "ghcr.io/acme/billing:1.4.2")).toBeUndefined();
    const other = shaOf("other");
    expect(await commitIn("--digest", DIGEST, "--commit", other)).toEqual({
      repository: "https://github.com/acme/billing",
      sha: other,
    });
  });

  it("names the redeployment that it carries out, by the option or by the variable", async () => {
    const redeploymentIn = async (env: Readonly<Record<string, string>>, ...more: string[]) =>
      (await eventsOf([...DEPLOY, "--digest", DIGEST, ...more], { ...CI, ...env }))[0]?.data.redeployment;
    expect(await redeploymentIn({})).toBeUndefined();
    expect(await redeploymentIn({ ASOF_REDEPLOYMENT: "" })).toBeUndefined();
    for (const status of ["started", "succeeded", "failed"]) {
      expect(await redeploymentIn({ ASOF_REDEPLOYMENT: "5f.1" }, "--status", status)).toBe("5f.1");
    }
    expect(await redeploymentIn({ ASOF_REDEPLOYMENT: "5f.1" }, "--redeployment", "5f.2")).toBe("5f.2");
  });

  it("counts more when given than when found, and carries no credentials", async () => {
    const [event] = await eventsOf([
      ...["record", "build", "--digest", DIGEST, "--no-registry"],
      ...[
        "--repository",
        "https://ada:secret@git.example/acme/x.git",
        "--actor",
        "grace",
        "--source",
        "/ci/acme",
      ],
    ]);
    expect(event).toMatchObject({
      source: "/ci/acme",
      data: { commit: { repository: "https://git.example/acme/x", sha: SHA }, actor: "grace" },
    });
    expect(JSON.stringify(event)).not.toContain("secret");
  });

  it("has one id for the same in one attempt of a job, and another for anything else", async () => {
    const idOf = async (more: readonly string[], env: object = {}) =>
      (await eventsOf([...DEPLOY, ...more], { ...CI, ...env }))[0]?.id;
    const first = await idOf(["--digest", DIGEST]);
    expect(await idOf(["--digest", DIGEST])).toBe(first);
    const others = [
      await idOf(["--digest", DIGEST, "--component", "worker"]),
      await idOf(["--digest", DIGEST, "--status", "started"]),
      await idOf(["--digest", DIGEST], { GITHUB_RUN_ATTEMPT: "2" }),
      await idOf(["--digest", DIGEST], { GITHUB_JOB: "deploy-2" }),
      await idOf(["--digest", DIGEST], { GITHUB_ACTION: "__run_2" }),
    ];
    expect(new Set([first, ...others]).size).toBe(6);
  });

  it("has an id that does not tell who did it to somebody who tries every login", async () => {
    const idOf = async (login: string) =>
      (await eventsOf([...DEPLOY, "--digest", DIGEST, "--actor", login], CI))[0]?.id;
    expect(await idOf("grace")).toBe(await idOf("ada"));
  });

  it("has an id of its own each time outside of a CI, and an own deployment", async () => {
    const say = () => eventsOf([...DEPLOY, "--digest", DIGEST], {});
    const [[one], [two]] = [await say(), await say()];
    expect(one?.id).not.toBe(two?.id);
    expect(one?.data.deployment).toMatchObject({ provider: "cli", instance: "local" });
    expect(one?.source).toBe("/cli/local");
  });

  it.each([
    [["--digest", "sha256:short"], "digest"],
    [["--digest", DIGEST, "--time", "yesterday"], "time"],
    [["--digest", DIGEST, "--redeployment", "5".repeat(300)], "redeployment"],
    [["--digest", DIGEST, "--source", "/webhooks/github"], "ledger's own endpoints"],
    [["--digest", DIGEST, "--run-url", "https://ada:secret@ci.example/"], "credentials"],
    [["--image", "billing:1.4.2"], "registry"],
    [["--digest", DIGEST, "--config", "https://github.com/acme/deploy"], "--config"],
  ])("is checked before it is sent: %j", async (more, fault) => {
    const ledger = await ledgerServer();
    for (const line of [
      [...DEPLOY, ...more],
      [...DEPLOY, ...more, "--dry-run"],
    ]) {
      const { code, err } = await asof(line, at(ledger));
      expect(code).toBe(2);
      expect(err).toContain(fault);
      expect(err.split("\n")).toHaveLength(1);
      expect(err).not.toContain("secret@");
    }
    expect(ledger.asked).toEqual([]);
  });

  it.each([
    ["record", "build", "--no-registry"],
    ["record", "build", "--digest", DIGEST],
    ["record", "deploy", "--service", "x"],
    ["record", "evidence", "--type", "test"],
    ["record", "evidence", "--type", "test", "--digest", DIGEST, "--commit", SHA],
    ["record", "change", "--type", "flag", "--title", "vat_eu"],
    ["record", "change", "--type", "flag", "--title", "vat_eu", "--everywhere", "--environment", "x"],
  ])("is complained of where something is missing or too much: %s %s %s %s", async (...line) => {
    const { code, err } = await asof(line);
    expect(code).toBe(2);
    expect(err).toMatch(/^asof: .*give --/);
  });

  it.each([
    [["record"]],
    [["record", "fly"]],
    [["record", "deploy"]],
    [[...DEPLOY, "--status", "great"]],
    [["record", "evidence"]],
    [["record", "evidence", "--type", "tset"]],
    [["record", "evidence", "--type", "test", "--verdict", "pass"]],
  ])("ends with 2 where it cannot be understood: %j", async (line) => {
    expect((await asof(line)).code).toBe(2);
  });
});

describe("an image", () => {
  const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  const INDEX = "application/vnd.oci.image.index.v1+json";
  const config = JSON.stringify({ os: "linux" });
  const manifest = JSON.stringify({
    mediaType: MANIFEST,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: sha256(config) },
  });
  const index = JSON.stringify({
    mediaType: INDEX,
    manifests: [
      { mediaType: MANIFEST, digest: sha256(manifest), platform: { os: "linux", architecture: "arm64" } },
    ],
  });
  const held = new Map([
    ["1.4.2", index],
    ...[index, manifest, config].map((body): [string, string] => [sha256(body), body]),
  ]);
  const registry = (authorization?: string) =>
    serving((seen) => {
      const body = held.get(seen.path.split("/").at(-1) ?? "");
      if (authorization !== undefined && seen.authorization !== authorization) {
        return { status: 401, headers: { "www-authenticate": "Basic realm=x" } };
      }
      return body === undefined ? { status: 404 } : { body };
    });
  const built = [
    { type: "dev.asof.artifact.built.v1", data: { digest: sha256(index) } },
    {
      type: "dev.asof.artifact.indexed.v1",
      data: {
        digest: sha256(index),
        manifests: [{ digest: sha256(manifest), platform: "linux/arm64", configDigest: sha256(config) }],
      },
    },
  ];

  it("has its digest and what its index holds from the registry", async () => {
    const { host } = await registry();
    const line = ["record", "build", "--image", `${host}/acme/billing:1.4.2`];
    expect(await eventsOf(line)).toMatchObject(built);
    expect((await eventsOf([...line, "--id", "x"])).map(({ id }) => id)).toEqual(["x", "x/artifact.indexed"]);
  });

  it("has its digest and repository from what buildx wrote", async () => {
    const { host } = await registry();
    const file = join(newFolder(), "meta.json");
    const name = `${host}/acme/billing:1.4.2,${host}/acme/billing:latest`;
    writeFileSync(file, JSON.stringify({ "containerimage.digest": sha256(index), "image.name": name }));
    const events = await eventsOf(["record", "build", "--metadata-file", file]);
    expect(events).toMatchObject(built);
    expect(events[0]?.data.repository).toBe(`${host}/acme/billing`);
  });

  it("that was pushed into two registries is recorded in both", async () => {
    const file = join(newFolder(), "meta.json");
    const name = "docker.io/acme/billing:4,ghcr.io/acme/billing:4,quay.io/acme/billing:4";
    writeFileSync(file, JSON.stringify({ "containerimage.digest": DIGEST, "image.name": name }));
    const events = await eventsOf(["record", "build", "--metadata-file", file, "--no-registry", "--id", "x"]);
    expect(events.map(({ id, data }) => [id, data.digest, data.repository])).toEqual([
      ["x", DIGEST, "docker.io/acme/billing"],
      ["x/artifact.built", DIGEST, "ghcr.io/acme/billing"],
      ["x/artifact.built/2", DIGEST, "quay.io/acme/billing"],
    ]);
  });

  it("of a target is found in what bake wrote", async () => {
    const file = join(newFolder(), "meta.json");
    const target = (digest: string, name: string) => ({
      "containerimage.digest": digest,
      "image.name": name,
    });
    const api = target(DIGEST, "ghcr.io/acme/api:1");
    const line = ["record", "build", "--metadata-file", file, "--no-registry"];
    writeFileSync(file, JSON.stringify({ api, "buildx.build.warnings": [{ vertex: "1" }] }));
    const expected = [{ data: { digest: DIGEST, repository: "ghcr.io/acme/api" } }];
    expect(await eventsOf(line)).toMatchObject(expected);
    const worker = target(digestOf("worker"), "ghcr.io/acme/worker:1");
    writeFileSync(file, JSON.stringify({ worker, api }));
    expect(await eventsOf([...line, "--target", "api"])).toMatchObject(expected);
    expect((await asof(line, CI)).err).toContain("holds the targets worker, api: give one as --target");
    expect((await asof([...line, "--target", "web"], CI)).err).toContain('holds no target "web"');
    expect((await asof(["record", "build", "--target", "api"], CI)).err).toContain("--metadata-file");
  });

  it("is asked for with Docker's login, which shows nowhere", async () => {
    const folder = newFolder();
    const auth = Buffer.from("ci:a-password").toString("base64");
    const { host } = await registry(`Basic ${auth}`);
    writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
    const line = ["record", "build", "--image", `${host}/acme/billing:1.4.2`];
    expect(await eventsOf(line, { ...CI, DOCKER_CONFIG: folder })).toMatchObject(built);
    const { code, err } = await asof(line, CI);
    expect(code).toBe(1);
    expect(err).toContain("username and password");
  });

  it("is recorded without its index where the registry does not answer, and that is said", async () => {
    const { host } = await serving(() => ({ status: 403 }));
    const { code, out, err } = await asof(
      ["record", "build", "--image", `${host}/acme/billing`, "--digest", DIGEST, "--dry-run", "--json"],
      CI,
    );
    expect(code).toBe(0);
    expect(err).toContain("403");
    expect(JSON.parse(out)).toMatchObject({ events: [{ type: "dev.asof.artifact.built.v1" }] });
  });

  it("is not recorded where the registry knows no such tag", async () => {
    const { host } = await registry();
    const { code, err } = await asof(["record", "build", "--image", `${host}/acme/billing:none`], CI);
    expect({ code, err }).toEqual({
      code: 1,
      err: `asof: ${host}/acme/billing holds no tag none: push it first, or give --digest`,
    });
  });
});

describe("a ledger that cannot be reached", () => {
  it("has what waited for it exactly once, as it was said, after a replay", async () => {
    const folder = newFolder();
    const ledger = await ledgerServer();
    await ledger.stop();
    const line = [...DEPLOY, "--digest", DIGEST, ...outboxIn(folder)];
    const down = await asof(line, at(ledger));
    expect(down.code).toBe(0);
    expect(down.err).toMatch(/ECONNREFUSED.*1 event waits in .*outbox\.ndjson/);
    expect(await asof([...line, "--strict", "--status", "failed"], at(ledger))).toMatchObject({ code: 4 });
    expect(linesIn(folder)).toHaveLength(2);
    expect(linesIn(folder).join()).not.toContain(tokenOf("writer"));

    const again = await ledgerServer(ledger.doors, Number(new URL(ledger.url).port));
    const replay = ["record", "--replay", ...outboxIn(folder)];
    const env = { ASOF_URL: again.url };
    const replayed = await asof(replay, env, "2026-11-22T09:30:00.000Z");
    expect({ code: replayed.code, err: replayed.err }).toEqual({ code: 0, err: "" });
    expect(replayed.out.match(/^recorded /gm)).toHaveLength(2);
    expect(linesIn(folder)).toEqual([]);
    expect(await asof(replay, env)).toEqual({ code: 0, out: "", err: "" });
    expect((await factsOf(again)).map(({ kind }) => kind)).toEqual([
      "deployment.succeeded",
      "deployment.failed",
    ]);
    expect(await releaseOf(again)).toMatchObject({ since: "2026-11-22T09:00:00.000Z" });
  });

  it("is tried again, and takes a retry of what it had recorded for a duplicate", async () => {
    const ledger = await ledgerServer();
    ledger.weather.push("breaks off before", "breaks off after");
    const { code, out, err } = await asof([...DEPLOY, "--digest", DIGEST], at(ledger));
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("duplicate dev.asof.deployment.succeeded.v1");
    expect(ledger.asked).toHaveLength(3);
    expect(await factsOf(ledger)).toHaveLength(1);
  });

  it("is given the time that it asks for", async () => {
    const ledger = await ledgerServer();
    ledger.weather.push({ status: 429, headers: { "retry-after": "1" } }, { status: 503 });
    const startedMs = performance.now();
    expect((await asof([...DEPLOY, "--digest", DIGEST], at(ledger))).out).toContain("recorded ");
    // Timers count whole milliseconds, and may be one early.
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(999);
    expect(ledger.asked).toHaveLength(3);
  });

  it("gets all events of a command, or they wait together", async () => {
    const folder = newFolder();
    const ledger = await ledgerServer();
    const events = await eventsOf([...DEPLOY, "--digest", DIGEST]);
    writeFileSync(
      join(folder, "outbox.ndjson"),
      [1, 2, 3].map((n) => `${JSON.stringify({ ...events[0], id: String(n) })}\n`).join(""),
    );
    ledger.weather.push("fair", ...Array.from({ length: 5 }, () => ({ status: 500 })));
    const broken = await asof(["record", "--replay", "--strict", ...outboxIn(folder)], at(ledger));
    expect(broken.code).toBe(4);
    expect(broken.err).toContain("2 events wait");
    expect(linesIn(folder)).toHaveLength(2);
    expect(ledger.asked).toHaveLength(6);
    expect((await asof(["record", "--replay", ...outboxIn(folder)], at(ledger))).code).toBe(0);
    expect((await factsOf(ledger)).map(({ id }) => id)).toEqual(["1", "2", "3"]);
  });

  it("is sent what a token may say, also behind what it may not", async () => {
    const folder = newFolder();
    const ledger = await ledgerServer();
    const [event] = await eventsOf([...DEPLOY, "--digest", DIGEST, "--environment", "staging"]);
    const waiting = ["/ci/others", "/ci/acme"].map((source) => JSON.stringify({ ...event, source }));
    writeFileSync(join(folder, "outbox.ndjson"), waiting.map((line) => `${line}\n`).join(""));
    const env = { ...at(ledger), ASOF_TOKEN: BOUND };
    const { code, out, err } = await asof(["record", "--replay", ...outboxIn(folder)], env);
    expect(code).toBe(5);
    expect(out).toContain("recorded ");
    expect(err).toContain("1 event waits");
    expect(linesIn(folder)).toEqual([expect.stringContaining("/ci/others")]);
  });

  it.each([
    ["is a folder", (folder: string) => folder],
    ["lies in no folder", (folder: string) => join(folder, "none", "outbox.ndjson")],
  ])("is sent nothing from an outbox that %s, which stays as it is", async (_, outbox) => {
    const folder = newFolder();
    const ledger = await ledgerServer();
    const { code, err } = await asof(["record", "--replay", "--outbox", outbox(folder)], at(ledger));
    expect(code).toBe(1);
    expect(err).toMatch(/^asof: .+: (is not a file|ENOENT: .+)$/);
    expect(existsSync(folder)).toBe(true);
  });

  it("is sent what a replay had taken that was killed", async () => {
    const folder = newFolder();
    const ledger = await ledgerServer();
    const [event] = await eventsOf([...DEPLOY, "--digest", DIGEST]);
    writeFileSync(join(folder, "outbox.ndjson.some-replay.sending"), `${JSON.stringify(event)}\n`);
    expect((await asof(["record", "--replay", ...outboxIn(folder)], at(ledger))).out).toContain("recorded ");
    expect(linesOf(join(folder, "outbox.ndjson.some-replay.sending"))).toEqual([]);
    expect(await factsOf(ledger)).toHaveLength(1);
  });

  it("gets an event printed whole where no outbox can be written", async () => {
    const ledger = await ledgerServer();
    await ledger.stop();
    const line = [...DEPLOY, "--digest", DIGEST, "--outbox", join(newFolder(), "none", "outbox.ndjson")];
    const { code, err } = await asof(line, at(ledger));
    expect(code).toBe(1);
    expect(err).toContain('"type":"dev.asof.deployment.succeeded.v1"');
  });
});

describe("a program that asked for JSON", () => {
  it.each([
    ["misses something", ["record", "deploy", "--service", "shop"], 2],
    ["is not understood", ["record", "deploy", "--nonsense"], 2],
    ["replays what is no outbox", ["record", "--replay", "--outbox", "/nonexistent/outbox"], 1],
    ["reads no database", ["migrations", "--environment", "staging", "--database", "shop"], 2],
  ])("gets it where it %s", async (_, args, expected) => {
    const { code, out, err } = await asof([...args, "--json"]);
    expect(code).toBe(expected);
    expect(err).toContain(z.strictObject({ error: z.string().min(1) }).parse(JSON.parse(out)).error);
  });
});

describe("a sender that is not let in", () => {
  it.each([
    ["without a token", { ASOF_TOKEN: "" }, "401"],
    ["with a wrong token", { ASOF_TOKEN: "another-token-that-is-wrong" }, "401"],
    ["with a token for asking only", { ASOF_TOKEN: tokenOf("reader") }, "403"],
    ["with a token for other sources", { ASOF_TOKEN: BOUND }, "403"],
  ])("%s fails loudly, and its event waits", async (_, env, status) => {
    const folder = newFolder();
    const ledger = await ledgerServer();
    const { code, err } = await asof([...DEPLOY, "--digest", DIGEST, ...outboxIn(folder)], {
      ...at(ledger),
      ...env,
    });
    expect(code).toBe(5);
    expect(err).toContain(status);
    expect(err).not.toContain("that-is-wrong");
    expect(err.split("\n")).toHaveLength(1);
    expect(ledger.asked).toHaveLength(1);
    expect((await asof(["record", "--replay", ...outboxIn(folder)], at(ledger))).out).toContain("recorded ");
    expect(linesIn(folder)).toEqual([]);
  });

  it.each([
    ["says anything", { status: 200, body: "<html>welcome</html>" }],
    ["leads elsewhere", { status: 302, headers: { location: "http://127.0.0.1:1/" } }],
    ["knows nothing", { status: 404, body: "not found" }],
  ])("by an address that is no ledger's and %s fails loudly, and its event waits", async (_, weather) => {
    const folder = newFolder();
    const ledger = await ledgerServer();
    ledger.weather.push(weather);
    const { code, err } = await asof([...DEPLOY, "--digest", DIGEST, ...outboxIn(folder)], at(ledger));
    expect(code).toBe(5);
    expect(err).toContain("check ASOF_URL or --url");
    expect(linesIn(folder)).toHaveLength(1);
    expect(ledger.asked).toHaveLength(1);
  });

  it("has its token in a file, of which nothing is ever printed", async () => {
    const ledger = await ledgerServer();
    const file = join(newFolder(), "token");
    const line = [...DEPLOY, "--digest", DIGEST, "--token-file", file];
    const env = { ...at(ledger), ASOF_TOKEN: "" };
    writeFileSync(file, `${tokenOf("writer")}\n`);
    expect((await asof(line, env)).out).toContain("recorded ");
    expect(ledger.asked).toEqual([`Bearer ${tokenOf("writer")}`]);
    writeFileSync(file, "half-a-token\nhalf-a-token");
    const { code, out, err } = await asof(line, env);
    expect(code).toBe(2);
    expect(err).toContain("holds no token");
    expect(out + err).not.toContain("half");
    expect((await asof(line, { ...env, ASOF_URL: "http://ada:secret@127.0.0.1/" })).err).not.toContain(
      "secret",
    );
  });
});

describe("what the ledger refuses", () => {
  const refused = async (more: readonly string[], before?: readonly string[]) => {
    const folder = newFolder();
    const ledger = await ledgerServer();
    if (before !== undefined) await asof([...DEPLOY, ...before], at(ledger));
    const ended = await asof([...DEPLOY, ...more, ...outboxIn(folder)], at(ledger));
    return { ...ended, waiting: linesIn(folder) };
  };

  it("as a conflict is said in one line, and does not wait", async () => {
    const { code, err, waiting } = await refused(
      ["--id", "1", "--digest", digestOf("other")],
      ["--id", "1", "--digest", DIGEST],
    );
    expect({ code, waiting }).toEqual({ code: 5, waiting: [] });
    expect(err).toContain("409");
    expect(err).toContain("--id");
    expect(err.split("\n")).toHaveLength(1);
  });

  it("as coming from the future is said in one line, and does not wait", async () => {
    const { code, err, waiting } = await refused(["--digest", DIGEST, "--time", "2027-01-01T00:00:00Z"]);
    expect({ code, waiting }).toEqual({ code: 5, waiting: [] });
    expect(err).toContain("422");
  });

  it("at a replay is put aside with its reason, and what follows it is sent", async () => {
    const folder = newFolder();
    const ledger = await ledgerServer();
    const [event] = await eventsOf([...DEPLOY, "--digest", DIGEST]);
    const late = { ...event, id: "late", time: "2027-01-01T00:00:00Z" };
    const lines = [JSON.stringify(late), '{"half":', JSON.stringify(event)];
    writeFileSync(join(folder, "outbox.ndjson"), `${lines.join("\n")}\n`);
    const { code, out, err } = await asof(["record", "--replay", ...outboxIn(folder)], at(ledger));
    expect(code).toBe(5);
    expect(out).toContain("recorded ");
    expect(err).toContain("2 refused: see ");
    expect(linesIn(folder)).toEqual([]);
    const aside = linesOf(join(folder, "outbox.refused.ndjson")).map((line): unknown => JSON.parse(line));
    expect(aside).toMatchObject([
      { line: '{"half":' },
      { event: late, reason: expect.stringContaining("422") },
    ]);
    expect(await asof(["record", "--replay", ...outboxIn(folder)], at(ledger))).toMatchObject({ code: 0 });
  });
});

describe("a deployment of configuration alone", () => {
  const CONFIG = ["--config", "https://github.com/acme/deploy@77aa01c:production/billing.yaml"];

  it("names no component, and its commit is the configuration's", async () => {
    const [event] = await eventsOf([...DEPLOY, "--config-only", ...CONFIG]);
    expect(event?.data).toMatchObject({
      config: [
        {
          repository: "https://github.com/acme/deploy",
          revision: "77aa01c",
          path: "production/billing.yaml",
        },
      ],
      commit: { sha: SHA },
    });
    expect(event?.data).not.toHaveProperty("components");
  });

  it("has this run's commit as its revision where none is given", async () => {
    const [event] = await eventsOf([...DEPLOY, "--config-only"]);
    expect(event?.data.config).toEqual([{ repository: "https://github.com/acme/billing", revision: SHA }]);
  });

  it("keeps the images that run", async () => {
    const ledger = await ledgerServer();
    const before = ["--deployment-id", "1", "--time", "2026-11-20T08:00:00Z"];
    await asof([...DEPLOY, "--digest", DIGEST, ...before], at(ledger));
    const { code } = await asof(
      [...DEPLOY, "--config-only", ...CONFIG, "--deployment-id", "2", "--time", "2026-11-20T09:00:00Z"],
      at(ledger),
    );
    expect(code).toBe(0);
    expect(await releaseOf(ledger)).toMatchObject({
      components: [{ digest: DIGEST }],
      config: [{ revision: "77aa01c" }],
    });
  });

  it.each([
    ["--image", "ghcr.io/acme/billing"],
    ["--digest", DIGEST],
    ["--tag", "1"],
    ["--component", "api"],
  ])("is refused with %s", async (...more) => {
    const { code, err } = await asof([...DEPLOY, "--config-only", ...more, "--dry-run"], CI);
    expect({ code, err }).toEqual({
      code: 2,
      err: `asof: --config-only: leave out ${more[0]}, or leave out --config-only`,
    });
  });

  it("needs a configuration", async () => {
    const { code, err } = await asof([...DEPLOY, "--config-only", "--dry-run"], {});
    expect(code).toBe(2);
    expect(err).toContain("give --config <repository@revision:path>");
  });
});
