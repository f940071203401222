/** Every door in this process, over a store in memory: its clock, its weather and its log in the test's hands. */
import type { Hono } from "hono";
import { expect } from "vitest";
import * as z from "zod";
import { registries } from "../../functions/adapters/registry/oci.ts";
import { type Database, temporaryDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqliteQuarantine, sqliteQuarantineEraser } from "../../functions/adapters/sqlite/quarantine.ts";
import type { Ledger } from "../../functions/http/context.ts";
import { parseTokens, ROLES, type Role } from "../../functions/ledger/authority/authority.ts";
import type { Job } from "../../functions/ledger/ingest/jobs.ts";
import type { Store } from "../../functions/ledger/store.ts";
import { endpoints } from "../../functions/runtime/server/server.ts";
import { Problem } from "../../schemas/answer.ts";
import { type Answer, type Client, clientOf, type Event, event } from "../client.ts";
import { digestOf } from "../ledger/given.ts";
import { type Quarantined, quarantined } from "../store/databases.ts";
import { type Fault, memoryStore } from "../store/memory.ts";
import { memoryPeople } from "../store/memory-people.ts";

export const NOW = "2026-11-22T09:00:00.000Z";
/** A moment within the second after NOW. */
export const SOON: unknown = expect.stringMatching(/^2026-11-22T09:00:00\.\d{3}Z$/);

export const tokenOf = (role: Role): string => `${role}-token-that-nobody-may-see`;
/** A writer that may speak for one source and one environment. */
export const BOUND = "bound-token-that-nobody-may-see";
export const OTHER_EXECUTOR = "another-executor-token-that-nobody-may-see";
const TOKENS = [
  ...ROLES.map((role) => `${role}:${role}-1:${tokenOf(role)}`),
  `executor:executor-2:${OTHER_EXECUTOR}`,
  `writer:bound:${BOUND}:sources=/ci/acme:environments=Staging|review/feature-x`,
].join(",");

export const SECRETS = {
  github: ["github-secret-1", "github-secret-2"],
  distribution: ["Bearer distribution-secret-1", "Basic ZGlzdHJpYnV0aW9uOnNlY3JldA=="],
};

export interface GivenDoors {
  readonly app: Hono;
  readonly ledger: Ledger;
  readonly client: (role?: Role) => Client;
  /** Someone with this token, or with none. */
  readonly stranger: (token?: string) => Client;
  readonly setNow: (now: string) => void;
  /** How the store misbehaves from now on. */
  readonly setFault: (fault: (operation: keyof Store) => Fault) => void;
  readonly logged: () => string;
  /** Where the quarantine is. */
  readonly database: Database;
  readonly quarantine: () => Quarantined[];
  /** What was kept to be done later. */
  readonly jobs: readonly Job[];
}

const databases: Database[] = [];
export function cleanUp(): void {
  for (const database of databases.splice(0)) database.close();
}

export function givenDoors(more: Partial<Ledger> = {}): GivenDoors {
  const database = temporaryDatabase();
  databases.push(database);
  const state: { nowMs: number; fault: (operation: keyof Store) => Fault } = {
    nowMs: Date.parse(NOW),
    fault: () => "none",
  };
  const people = memoryPeople();
  const lines: string[] = [];
  const jobs: Job[] = [];
  const write = (message: string, fields: object) => lines.push(JSON.stringify({ message, ...fields }));
  const ledger: Ledger = {
    store: memoryStore({ fault: (operation) => state.fault(operation) }),
    rules: [],
    // It ticks, as clocks do between two looks at them.
    now: () => new Date(state.nowMs++),
    heard: new Set(),
    people,
    quarantine: sqliteQuarantine(database),
    jobs: { put: async (job) => void jobs.push(job) },
    registries: () => Promise.resolve(registries({})),
    secrets: () => Promise.resolve({ tokens: parseTokens(TOKENS), webhooks: SECRETS }),
    settleMs: 1000,
    ignored: new Map(),
    log: { info: write, error: write },
    ...more,
  };
  const app = endpoints(ledger, {
    register: people,
    quarantine: sqliteQuarantineEraser(database),
    jobs: { redact: async () => undefined },
    record: (job) => ledger.jobs.put(job),
  });
  const stranger = (token?: string) => clientOf(async (path, init) => app.request(path, init), token);
  return {
    app,
    ledger,
    stranger,
    client: (role = "admin") => stranger(tokenOf(role)),
    setNow: (now) => {
      state.nowMs = Date.parse(now);
    },
    setFault: (fault) => {
      state.fault = fault;
    },
    logged: () => lines.join("\n"),
    database,
    jobs,
    quarantine: () => quarantined(database),
  };
}

/** A deployment as an event, each a thing of its own by its id. */
export const deployed = (id: string, time = "2026-10-20T08:11:00.000Z", more: object = {}): Event =>
  event("deployment.succeeded", id, time, {
    environment: "production",
    service: "acme/billing",
    deployment: { provider: "test", instance: "here", id },
    components: [{ component: "main", repository: "ghcr.io/acme/billing", digest: digestOf(id) }],
    ...more,
  });

/** What an answer says is wrong, once it is sure that it is a problem as RFC 9457 has it. */
export function problemOf(answer: Answer): Problem {
  if (answer.headers.get("content-type") !== "application/problem+json") {
    throw new Error(`is no problem: ${answer.status} ${answer.text}`);
  }
  const { type, title, status, detail } = z.looseObject(Problem.shape).parse(answer.json);
  if (status !== answer.status) throw new Error(`says ${status}, and is answered with ${answer.status}`);
  if (detail === "") throw new Error("says nothing of what to do");
  return { type, title, status, detail };
}
