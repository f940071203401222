/** Examples of what the ledger itself records about its facts and persons. */
import type { StatementOf } from "./fact.ts";

type Own =
  | "change.reviewed"
  | "export.made"
  | "policy.changed"
  | "token.changed"
  | "person.erased"
  | "fact.retracted"
  | "statement.disputed";

export const OWN_EXAMPLES: { readonly [K in Own]: StatementOf<K> } = {
  "change.reviewed": {
    kind: "change.reviewed",
    source: "/asof/reviews",
    id: `${"0".repeat(64)}/1`,
    occurredAt: "2026-11-22T09:20:00.000Z",
    actor: "octocat",
    environment: "production",
    service: "acme/billing",
    target: { source: "/ci/acme/billing", id: "deployment/77" },
    verdict: "accepted",
    comment: "a rollback at night; the test that was missing is added",
  },
  "export.made": {
    kind: "export.made",
    source: "/asof/exports",
    id: "export/1",
    occurredAt: "2026-11-22T09:30:00.000Z",
    actor: "auditor",
    from: "2026-10-01T00:00:00.000Z",
    to: "2026-10-31T23:59:59.999Z",
    count: 1204,
    sha256: "0".repeat(64),
  },
  "policy.changed": {
    kind: "policy.changed",
    source: "/asof/policies",
    id: "1",
    occurredAt: "2026-11-22T09:30:00.000Z",
    policy: [{ environment: "production", require: ["tests_passed", "approved_by_another"] }],
    sha256: "0".repeat(64),
  },
  "token.changed": {
    kind: "token.changed",
    source: "/asof/tokens",
    id: "token/1",
    occurredAt: "2026-11-22T09:30:00.000Z",
    timeFrom: "receipt",
    what: "added",
    role: "writer",
    holder: "ci",
    grants: ["environments=staging"],
  },
  "person.erased": {
    kind: "person.erased",
    source: "/asof/people",
    id: "0f".repeat(32),
    occurredAt: "2026-11-22T09:30:00.000Z",
    actor: "admin",
    person: `person:${"0f".repeat(32)}`,
    reason: "asked for by the person",
  },
  "fact.retracted": {
    kind: "fact.retracted",
    source: "/asof/retractions",
    id: "0".repeat(64),
    occurredAt: "2026-11-22T09:40:00.000Z",
    actor: "octocat",
    target: { source: "/ci/acme/billing", id: "push/77" },
    reason: "pushed from a wrong branch",
  },
  "statement.disputed": {
    kind: "statement.disputed",
    source: "/asof/disputes",
    id: "0".repeat(64),
    occurredAt: "2026-11-22T09:50:00.000Z",
    actor: "octocat",
    target: { source: "/ci/acme/billing", id: "push/77" },
    reason: "this image was built elsewhere",
  },
};
