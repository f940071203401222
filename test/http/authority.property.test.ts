/**
 * Nothing that a bound sender reports changes an answer that a reader bound to the rest gets: any history by honest
 * senders, any statements of the bound one in between, any question, byte for byte.
 */
import * as fc from "fast-check";
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

/** A sender's grants, and what readers of the rest are granted; a place is outside by its environment or its service. */
const SENDERS: readonly { readonly grants: Grants; readonly outside: readonly [string, ...string[]] }[] = [
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
  { grants: { environments: ["review/é"] }, outside: ["environments=production|nowhere"] },
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

const FIELDS = fc.record(
  {
    environment,
    service,
    repository,
    url,
    environments: fc.array(environment, { minLength: 1, maxLength: 2 }),
    images: fc.array(repository, { maxLength: 2 }),
    group: pick("production", "all"),
    cluster: pick("evil"),
    actor: pick("OCTOCAT", "octocat"),
    commit: fc.record({ repository: source, sha: pick("4be1a".padEnd(40, "0"), "77aa2".padEnd(40, "0")) }),
    change: fc.record({ repository: source, number: pick(1, 2) }),
  },
  { requiredKeys: [] },
);

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
const attack = fc
  .tuple(history, fc.array(FIELDS, { minLength: 1, maxLength: 16 }))
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

function ledgerFor(readers: readonly string[], clock: { ms: number }): Ledger {
  const tokens = parseTokens(readers.map((grants, n) => `auditor:outside:${TOKEN}-${n}:${grants}`).join(","));
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

/** Each case asks a ledger twice, several questions each. */
const CASES = casesOf(5);

const accepted = new Map<string, number>();

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

/** The answers to a history, with or without the statements of a bound sender at one point of it. */
async function answersTo(
  honest: readonly Statement[],
  hostile: { readonly statements: readonly object[]; readonly grants: Grants; readonly after: number },
  readers: readonly string[],
  questions: readonly string[],
): Promise<string[]> {
  const clock = { ms: END_MS };
  const ledger = ledgerFor(readers, clock);
  const sender = { ...hostile.grants, sources: ["/evil"], name: "evil" };
  const strike = async () => {
    for (const statement of [...hostile.statements, ...disputesOf(hostile.statements, honest)]) {
      const outcome = await append(ledger, statement, { reportedBy: "evil", vendor: "events", sender });
      if (outcome.outcome !== "recorded") continue;
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
  const answers: string[] = [];
  for (const [n] of readers.entries())
    for (const path of questions) {
      const response = await app.request(path, { headers: { authorization: `Bearer ${TOKEN}-${n}` } });
      // The salts of persons are random in each ledger, and so is the id of each request.
      const text = (await response.text())
        .replaceAll(/person:[0-9a-f]{64}/g, "person")
        .replaceAll(/urn:asof:request:[0-9a-f-]{36}/g, "request");
      answers.push(`${path}: ${response.status} ${text}`);
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

describe("statements of a bound sender", () => {
  it("change no answer of a reader who is bound to the rest", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...SENDERS),
        history,
        attack,
        fc.nat({ max: 16 }),
        fc.array(question, { minLength: 4, maxLength: 8 }),
        async ({ grants, outside }, honest, statements, after, questions) => {
          const before = await answersTo(honest, { statements: [], grants, after }, outside, questions);
          expect(await answersTo(honest, { statements, grants, after }, outside, questions)).toEqual(before);
        },
      ),
      { numRuns: CASES },
    );
  });

  afterAll(() => {
    // The property says something only of what is recorded.
    expect(accepted.size).toBeGreaterThan(CASES < 100 ? 4 : 12);
  });
});
