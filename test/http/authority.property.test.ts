/**
 * Nothing that a bound sender reports changes an answer that a reader bound to the rest gets: any history by honest
 * senders, any statements of the bound one in between, any question, byte for byte.
 */
import * as fc from "fast-check";
import type { Hono } from "hono";
import { afterAll, describe, expect, it } from "vitest";
import type { Ledger } from "../../functions/http/context.ts";
import { append, retractionId } from "../../functions/ledger/append.ts";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import type { Grants } from "../../functions/ledger/authority/grants.ts";
import { endpoints } from "../../functions/runtime/server/server.ts";
import { Statement } from "../../schemas/fact.ts";
import { digestOf, IMAGES, pick } from "../histories/words.ts";
import { END_MS, history } from "../histories.ts";
import { casesOf } from "../runs.ts";
import { memoryStore } from "../store/memory.ts";
import { memoryPeople } from "../store/memory-people.ts";

type Place = readonly [environment: string, service: string];

interface Sender {
  readonly grants: Grants;
  /** What readers of the rest are granted. */
  readonly outside: readonly [string, ...string[]];
  /** Places of which everybody gets the same answers: none of their images and commits is granted to the sender, either. */
  readonly places?: readonly [Place, ...Place[]];
}

/** A place is outside by its environment or its service. */
const SENDERS: readonly Sender[] = [
  {
    grants: {
      environments: ["review/é"],
      repositories: ["ghcr.io/pay"],
      commits: ["gitlab.com/acme"],
    },
    outside: [
      "environments=production|nowhere:repositories=ghcr.io/acme|registry.local:5000:commits=github.com",
    ],
  },
  {
    grants: { environments: ["review/é"] },
    outside: ["environments=production|nowhere"],
    places: [
      ["production", "acme/billing"],
      ["production", "acme/web"],
    ],
  },
  // What it reports of a database that its service shares, everybody sees at the other services, too.
  { grants: { services: ["acme/web"] }, outside: ["services=acme/billing|acme/none"] },
  {
    grants: { environments: ["production"], services: ["acme/web"], repositories: ["registry.local:5000"] },
    outside: ["environments=review/é:repositories=ghcr.io", "services=acme/billing:repositories=ghcr.io"],
  },
  {
    grants: { repositories: ["ghcr.io/acme/billing/", "ghcr.io/acme/billing-pay"] },
    outside: ["repositories=ghcr.io/pay|registry.local:5000"],
  },
  { grants: { commits: ["https://gitlab.com/acme"] }, outside: ["commits=github.com/acme"] },
];

const HOSTILE = [
  "prod\u200buction",
  "PRODUCTION",
  "constructor",
  "__proto__",
  "../production",
  "%70roduction",
] as const;
const environment = pick("review/é", "REVIEW/É", "production", ...HOSTILE);
const service = pick("acme/web", "Acme/Web", "acme/billing", ...HOSTILE);
const repository = pick(
  "ghcr.io/pay/billing",
  "registry.local:5000/mirror",
  "ghcr.io/acme/billing/web",
  "ghcr.io/acme/billing",
  "ghcr.io/payment/billing",
  "evil.example/billing",
);
const source = pick(
  "https://gitlab.com/acme/billing",
  "https://github.com/acme/billing",
  "https://gitlab.com/acme-evil/x",
);
const url = pick("https://evil.example/1", "http://127.0.0.1:1/");

/** Values as often of those that are granted, so that much is accepted, as of all others. */
const mostly = (granted: readonly string[] | undefined, others: fc.Arbitrary<string>) =>
  granted === undefined ? others : fc.oneof(fc.constantFrom(...granted), others);

function fieldsOf({ environments, services, repositories, commits }: Grants) {
  const where = mostly(environments, environment);
  const image = mostly(
    repositories?.map((prefix) => `${prefix.replace(/\/$/, "")}/billing`),
    repository,
  );
  const from = mostly(
    commits?.map((prefix) => `https://${prefix.replace("https://", "")}/billing`),
    source,
  );
  const change = fc.record({ repository: from, number: pick(1, 2) });
  const hash = pick("4be1a".padEnd(40, "0"), "77aa2".padEnd(40, "0"));
  return fc.record(
    {
      environment: where,
      service: mostly(services, service),
      repository: fc.oneof(image, from),
      url,
      environments: fc.array(where, { minLength: 1, maxLength: 2 }),
      images: fc.array(image, { maxLength: 2 }),
      group: pick("production", "all"),
      cluster: pick("evil"),
      actor: pick("OCTOCAT", "octocat"),
      commit: fc.record({ repository: from, sha: hash }),
      change,
    },
    { requiredKeys: environments === undefined ? ["service", "repository"] : ["environment", "repository"] },
  );
}

/** A statement with those of the fields that its kind takes. */
function changed(statement: Statement, fields: object): object {
  let made: object = statement;
  for (const [field, value] of Object.entries(fields)) {
    const next = { ...made, [field]: value };
    if (Statement.safeParse(next).success) made = next;
  }
  return made;
}

/** The statements of any history, with any fields changed or added, and some as they are, which no schema need take. */
const attackOf = (grants: Grants) =>
  fc
    .tuple(history, fc.array(fieldsOf(grants), { minLength: 1, maxLength: 16 }))
    .map(([statements, fields]): object[] =>
      statements.map((statement, n) => ({
        ...(n % 7 === 6
          ? { ...statement, ...fields[n % fields.length] }
          : changed(statement, fields[n % fields.length] ?? {})),
        // Identities are granted: a source of its own.
        source: "/evil",
        ...(statement.kind === "fact.retracted" ? { source: statement.source } : {}),
        id: statement.kind === "fact.retracted" ? statement.id : `evil-${n}`,
      })),
    );

const TOKEN = "auditor-token-that-nobody-may-see";

const EVERYBODY = "everybody";

function ledgerFor(readers: readonly string[], clock: { ms: number }): Ledger {
  const bound = readers.map((grants, n) => `auditor:outside:${TOKEN}-${n}:${grants}`);
  const tokens = parseTokens([...bound, `auditor:everybody:${TOKEN}-${EVERYBODY}`].join(","));
  return {
    store: memoryStore(),
    rules: [],
    now: () => new Date(clock.ms),
    heard: new Set(),
    people: memoryPeople(),
    quarantine: {
      keep: () => Promise.resolve("new" as const),
      list: () => Promise.resolve({ where: "here", count: 7, newest: [] }),
      page: () => Promise.resolve({ entries: [] }),
      get: () => Promise.resolve(undefined),
      remove: () => Promise.resolve(),
    },
    jobs: { put: () => Promise.resolve() },
    registries: () => Promise.reject(new Error("no registry")),
    secrets: () => Promise.resolve({ tokens, webhooks: {} }),
    settleMs: 1000,
    ignored: new Map([["a reason", 7]]),
    log: { info: () => undefined, error: () => undefined },
  };
}

const CASES = casesOf(1);

const accepted = new Map<string, number>();

/** A question, and the token that asks it. */
interface Asked {
  readonly path: string;
  readonly by: string;
}

/** A dispute of each honest statement, where there is an attack at all. */
const disputesOf = (attacks: readonly object[], honest: readonly Statement[]): object[] =>
  attacks.length === 0
    ? []
    : honest.map(({ source, id, occurredAt }) => ({
        kind: "statement.disputed",
        source: "/asof/disputes",
        id: retractionId({ source, id }),
        occurredAt,
        target: { source, id },
        reason: "evil",
      }));

interface Hostile {
  readonly statements: readonly object[];
  readonly grants: Grants;
  readonly after: number;
}

/** A ledger with a history, and the statements of a bound sender at one point of it; how many of these are facts. */
async function ledgerWith(
  honest: readonly Statement[],
  hostile: Hostile,
  readers: readonly string[],
): Promise<{ readonly app: Hono; readonly struck: number }> {
  const clock = { ms: END_MS };
  const ledger = ledgerFor(readers, clock);
  const sender = { ...hostile.grants, sources: ["/evil"], name: "evil" };
  let struck = 0;
  const strike = async () => {
    for (const statement of [...hostile.statements, ...disputesOf(hostile.statements, honest)]) {
      const outcome = await append(ledger, statement, { reportedBy: "evil", vendor: "events", sender });
      if (outcome.outcome !== "recorded") continue;
      struck++;
      accepted.set(outcome.fact.kind, (accepted.get(outcome.fact.kind) ?? 0) + 1);
    }
  };
  for (const [n, statement] of honest.entries()) {
    clock.ms = END_MS + n * 1000;
    if (n === hostile.after % (honest.length + 1)) await strike();
    await append(ledger, statement, { reportedBy: "honest", vendor: "events" });
  }
  if (hostile.after % (honest.length + 1) === honest.length) await strike();
  clock.ms = END_MS + 86_400_000;
  const app = endpoints(ledger, {
    register: memoryPeople(),
    quarantine: { holding: async () => [], redact: async () => 0 },
    jobs: { redact: async () => 0 },
    record: async () => undefined,
  });
  return { app, struck };
}

async function answersOf(app: Hono, questions: readonly Asked[]): Promise<string[]> {
  const answers: string[] = [];
  for (const { path, by } of questions) {
    const response = await app.request(path, { headers: { authorization: `Bearer ${TOKEN}-${by}` } });
    // The salts of persons are random in each ledger, and so is the id of each request.
    const text = (await response.text())
      .replaceAll(/person:[0-9a-f]{64}/g, "person")
      .replaceAll(/urn:asof:request:[0-9a-f-]{36}/g, "request");
    // Everybody is told the nearest known names, which may be the sender's.
    const isUnknown = response.status === 404 && by === EVERYBODY;
    answers.push(`${by} ${path}: ${response.status} ${isUnknown ? "" : text}`);
  }
  return answers;
}

const place = (of: string) =>
  fc
    .tuple(pick("production", "review/é"), pick("acme/billing", "acme/web"))
    .map(([where, what]) => `${of}?${new URLSearchParams({ environment: where, service: what })}`);
const digests = IMAGES.flatMap((image) => (["a", "b", "d"] as const).map((role) => digestOf(image, role)));
const digest = fc.constantFrom(...digests);
const question = fc.oneof(
  place("/v1/release"),
  place("/v1/plan").chain((path) => pick(`${path}&last=good`, `${path}&at=2026-10-01T00:01:00Z`)),
  fc.tuple(place("/v1/gate"), digest).map(([path, one]) => `${path}&digest=${one}`),
  place("/v1/timeline").map((path) => `${path}&from=2026-10-01`),
  place("/v1/changes"),
  pick("production", "review/é").chain((where) => {
    const at = `environment=${encodeURIComponent(where)}`;
    return pick(
      `/v1/snapshot?${at}`,
      `/v1/drift?${at}`,
      `/v1/services?${at}`,
      `/v1/timeline?${at}&from=2026-10-01&limit=3`,
      `/v1/diff?${at}&from=2026-10-01T00:00:30Z`,
      `/v1/diff?${at}&with=production`,
      `/v1/plan?${at}&at=2026-10-01T00:01:00Z`,
    );
  }),
  pick(
    "/v1/environments",
    "/v1/services",
    "/v1/repositories",
    "/v1/repositories/needed?repository=ghcr.io/acme/billing",
    "/v1/history?environment=production&from=2026-10-01",
    "/v1/changes?environment=production&before=2026-10-02",
    "/v1/sources",
    "/v1/names",
    "/v1/freezes",
    "/v1/redeployments",
    "/v1/snapshot?group=production",
    "/v1/drift?group=production",
    "/v1/release?environment=produktion&service=acme/billing",
    "/v1/export?from=2026-10-01&format=ndjson",
  ),
  digest.map((one) => `/v1/artifact?digest=${one}`),
  pick("4be1a00", "77aa200").map((sha) => `/v1/commit?sha=${sha}`),
  pick("ghcr.io/acme/billing", "ghcr.io/pay/billing").map((one) => `/v1/tag?repository=${one}&tag=1.4`),
);

/** Of a place that is outside, everybody may ask. */
const openQuestion = (places: readonly [Place, ...Place[]]) =>
  fc.constantFrom(...places).chain(([where, what]) => {
    const at = new URLSearchParams({ environment: where, service: what });
    return pick(
      `/v1/release?${at}`,
      `/v1/plan?${at}&at=2026-10-01T00:01:00Z`,
      `/v1/gate?${at}&digest=${digestOf("1", "a")}`,
      `/v1/timeline?${at}&from=2026-10-01`,
      `/v1/changes?${at}`,
      `/v1/delivery?${at}&from=2026-10-01`,
    );
  });

const attackedLedger = fc.constantFrom(...SENDERS).chain(({ grants, outside, places }) =>
  fc.record({
    grants: fc.constant(grants),
    outside: fc.constant(outside),
    honest: history,
    statements: attackOf(grants),
    after: fc.nat({ max: 16 }),
    asked: fc.array(
      fc.oneof(
        {
          weight: 3,
          arbitrary: fc.record({ path: question, by: fc.constantFrom(...outside.map((_, n) => String(n))) }),
        },
        ...(places === undefined
          ? []
          : [
              {
                weight: 2,
                arbitrary: fc.record({ path: openQuestion(places), by: fc.constant(EVERYBODY) }),
              },
            ]),
      ),
      { minLength: 4, maxLength: 6 },
    ),
  }),
);

describe("statements of a bound sender", () => {
  it(
    "change no answer of a reader who is bound to the rest",
    async () => {
      await fc.assert(
        fc.asyncProperty(attackedLedger, async ({ grants, outside, honest, statements, after, asked }) => {
          const attacked = await ledgerWith(honest, { statements, grants, after }, outside);
          // What is refused is in neither ledger.
          if (attacked.struck === 0) return;
          const { app } = await ledgerWith(honest, { statements: [], grants, after }, outside);
          expect(await answersOf(attacked.app, asked)).toEqual(await answersOf(app, asked));
        }),
        { numRuns: CASES },
      );
    },
    60_000 + CASES * 1500,
  );

  afterAll(() => {
    // The property says something only of what is recorded.
    expect(accepted.size).toBeGreaterThan(CASES < 100 ? 3 : 12);
  });
});
