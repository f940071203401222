/** What somebody asks for at the other endpoints with tokens of staging. */
import { BASIC, day, EVIL, OLD, PROD, REAL } from "./given.ts";
import type { Attack } from "./statements.ts";

const posts =
  (path: string, body: object): Attack["does"] =>
  ({ id }, as) =>
    as.post(path.replace("{id}", id), body, { "idempotency-key": "r" });
const hook =
  (path: string, body: object, headers: Record<string, string> = {}): Attack["does"] =>
  (_, as) =>
    as.post(path, body, headers);

export const REQUESTS: readonly Attack[] = [
  {
    what: "a dispute of production's deployment",
    by: "team",
    does: posts("/v1/disputes", { source: "/ci/production", id: "11", reason: "no" }),
  },
  {
    what: "a dispute of what does not exist",
    by: "team",
    does: posts("/v1/disputes", { source: "/ci/production", id: "999", reason: "no" }),
  },
  {
    what: "a retraction of production's deployment",
    by: "chief",
    does: posts("/v1/retractions", { source: "/ci/production", id: "11", reason: "no" }),
  },
  {
    what: "a review of production's deployment",
    by: "operator",
    does: posts("/v1/reviews", { source: "/ci/production", id: "11", verdict: "rejected", comment: "no" }),
  },
  {
    what: "a mark of production's image",
    by: "operator",
    does: posts("/v1/marks", { digest: REAL, verdict: "bad" }),
  },
  {
    what: "a mark of an image that nobody knows",
    by: "operator",
    does: posts("/v1/marks", { digest: OLD, verdict: "bad" }),
  },
  {
    what: "a freeze of production",
    by: "operator",
    does: posts("/v1/freezes", { environment: "production", reason: "no" }),
  },
  {
    what: "the end of production's freeze",
    by: "operator",
    does: posts("/v1/freezes/end", { environment: "production", service: "acme/web" }),
  },
  {
    what: "a freeze of a name that nearly is production",
    by: "web",
    does: posts("/v1/freezes", { environment: "productio", service: "acme/web", reason: "no" }),
  },
  {
    what: "a freeze of a name that nearly is a service",
    by: "operator",
    does: posts("/v1/freezes", { environment: "staging", service: "acme/billin", reason: "no" }),
  },
  {
    what: "a note on production",
    by: "operator",
    does: posts("/v1/notes", { environment: "production", type: "flag", title: "x" }),
  },
  {
    what: "a rename of its environment to production",
    by: "operator",
    does: posts("/v1/renames", { what: "environment", from: "staging", to: "production" }),
  },
  {
    what: "a rename of production's service",
    by: "operator",
    does: posts("/v1/renames", { what: "service", from: "acme/billing", to: "acme/mine" }),
  },
  {
    what: "a rename of a service that is not there",
    by: "web",
    does: posts("/v1/renames", { what: "service", from: "acme/wbe", to: "acme/web" }),
  },
  {
    what: "the cancellation of production's redeployment",
    by: "operator",
    does: posts("/v1/redeployments/{id}/cancel", { reason: "no" }),
  },
  { what: "its taking", by: "executor", does: posts("/v1/redeployments/{id}/take", {}) },
  { what: "its end", by: "executor", does: posts("/v1/redeployments/{id}/end", { outcome: "failed" }) },
  {
    what: "a redeployment of production, under its key",
    by: "operator",
    does: posts("/v1/redeployments", {
      ...PROD,
      at: day(3),
      planHash: "0".repeat(64),
      expectedCurrent: REAL,
      reason: "no",
    }),
  },
  {
    what: "a discard of what is quarantined",
    by: "chief",
    does: posts("/v1/quarantine/1/discard", { reason: "no" }),
  },
  { what: "a backup", by: "chief", does: posts("/v1/backups", {}) },
  { what: "an erasure", by: "chief", does: posts("/v1/people/erase", { login: "mona", reason: "no" }) },
  { what: "a look at who is held", by: "chief", does: posts("/v1/people/held", { login: "mona" }) },
  { what: "an export as a job", by: "auditor", does: posts(`/v1/exports?from=${day(1)}`, {}) },
  {
    what: "a registry's webhook about production's repository",
    by: "nobody",
    does: hook(
      "/v1/webhooks/distribution",
      {
        events: [
          {
            id: "1",
            timestamp: day(21),
            action: "push",
            target: {
              mediaType: "application/vnd.oci.image.manifest.v1+json",
              digest: EVIL,
              repository: "acme/billing",
              tag: "1.4",
            },
            request: { host: "ghcr.io" },
          },
        ],
      },
      { authorization: BASIC },
    ),
  },
  {
    what: "a registry's webhook that deletes production's image",
    by: "nobody",
    does: hook(
      "/v1/webhooks/distribution",
      {
        events: [
          {
            id: "1",
            timestamp: day(21),
            action: "delete",
            target: { digest: REAL, repository: "acme/billing" },
            request: { host: "ghcr.io" },
          },
        ],
      },
      { authorization: BASIC },
    ),
  },
  {
    what: "a cluster's webhook about production",
    by: "bare",
    does: hook(
      "/v1/webhooks/kubernetes",
      { apiVersion: "v1", kind: "PodList", items: [] },
      { "asof-environment": "production" },
    ),
  },
  {
    what: "an attestation that nobody signed",
    by: "team",
    does: hook("/v1/attestations", {
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      dsseEnvelope: {},
    }),
  },
];
