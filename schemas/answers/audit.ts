/** The audit report: every change of a period in an environment, and what the controls say of each. */

import * as z from "zod";
import { mergedChange } from "../answer.ts";
import { component } from "../component.ts";
import { coded } from "../plan-codes.ts";
import { renamed } from "../renamed-name.ts";
import { hash, name, sha, shownPerson, time, url } from "../scalars.ts";
import { GatePolicy } from "../settings/gate-policy.ts";
import { RequirementAnswer } from "./gate.ts";
import { attached, configuration, deploymentId, identity, stretch } from "./release.ts";

/** The controls, in the order of the report. */
export const CONTROLS = [
  coded("no_approval", "nobody is known to have approved it"),
  coded("approved_by_author", "its only approvals are by its authors"),
  coded("approved_by_deployer", "its only approvals are by whoever deployed it"),
  coded("approved_after", "every approval came after it"),
  coded("approved_before_last_push", "every approval was given before the last push to the change"),
  coded("not_comparable", "approver and author cannot be compared: two issuers, erased, or unknown"),
  coded("deployed_by_author", "whoever deployed it is among its authors"),
  coded("no_commit", "no commit is known for what was deployed"),
  coded("no_verified_build", "no verified build of an image that was deployed is known"),
  coded("policy_unmet", "evidence that the gate's policy requires here was missing at that time"),
  coded("in_freeze", "the place was frozen, and nothing let the change through"),
  coded("freeze_exception", "the place was frozen, and an exception let the change through"),
  coded("emergency", "a rollback, or a redeployment that an operator requested"),
  coded("drift", "something ran that no deployment explains"),
  coded("failed", "the deployment or migration did not succeed, and may have changed things"),
  coded("not_ended", "a deployment began, and nobody reported how it ended"),
  coded("recorded_late", "the ledger was told more than an hour later"),
  coded("imported", "it was imported from another system's history, not reported at the time"),
] as const;
export const ControlCode = z.union(CONTROLS);
export type ControlCode = z.infer<typeof ControlCode>;

const approval = z.strictObject({
  by: shownPerson.nullable(),
  at: time,
  verdict: z.string().nullable(),
  of: z.enum(["change", "deployment", "commit"]).meta({
    description:
      "of the pull or merge request that brought the commit, of the deployment itself, or of the commit or image alone",
  }),
  isBefore: z.boolean().meta({ description: "whether it was given before the change took effect" }),
  bot: z.boolean(),
  url: url.nullable(),
  fact: identity,
});
export type AuditApproval = z.infer<typeof approval>;

const freeze = z.strictObject({
  since: time,
  by: shownPerson.nullable(),
  reason: z.string().nullable(),
  letThrough: z.boolean().meta({ description: "whether an exception or a request let the change through" }),
  exception: z
    .strictObject({ at: time, by: shownPerson.nullable(), reason: z.string().nullable(), fact: identity })
    .exactOptional()
    .meta({ description: "the exception that was made for an image of the change" }),
});

const due = time.meta({ description: "until when somebody has to review it" });

/** What became of an exception. */
const outcome = z.discriminatedUnion("state", [
  z.strictObject({ state: z.enum(["open", "overdue"]), due }),
  z.strictObject({
    state: z.literal("reviewed"),
    due,
    verdict: z.enum(["accepted", "rejected"]),
    comment: z.string(),
    by: shownPerson.nullable(),
    at: time,
    fact: identity,
  }),
]);

const finding = z.strictObject({ control: ControlCode, message: z.string() });
export type Finding = z.infer<typeof finding>;

const change = z.strictObject({
  n: z.int().meta({ description: "its number in this report, from 1, in order of time" }),
  at: time,
  recordedAt: time,
  kind: z.enum([
    "deployment",
    "configuration",
    "rollback",
    "removal",
    "migration",
    "by hand",
    "noted",
    "attempt",
  ]),
  service: name.nullable(),
  components: z.array(component),
  config: z.array(configuration),
  database: name.nullable(),
  version: z.string().nullable(),
  title: z.string().nullable(),
  commits: z.array(sha),
  by: shownPerson.nullable().meta({ description: "who deployed or migrated; null: the sender did not say" }),
  changes: z.array(mergedChange).meta({
    description: "the pull and merge requests that brought its commits, with their approvals",
  }),
  approvals: z.array(approval).meta({ description: "verdicts that approve, oldest first" }),
  evidence: z.array(attached).meta({ description: "builds, tests, scans and what else was attached" }),
  requirements: z.array(RequirementAnswer).exactOptional().meta({
    description: "what the gate's policy required here, by the evidence of then; absent: there was no policy",
  }),
  policy: z
    .strictObject({
      sha256: hash,
      assumed: z.boolean().meta({
        description: "no policy was recorded by then: this is the first one that was, or the present one",
      }),
    })
    .exactOptional()
    .meta({ description: "the gate's policy that decided: the one in force at the change" }),
  freezes: z.array(freeze).meta({ description: "the freezes in force for its place at that time" }),
  lateS: z.int().meta({ description: "seconds from the change to its recording" }),
  deployment: deploymentId.nullable(),
  reason: z.string().nullable(),
  url: url.nullable(),
  findings: z.array(finding),
  outcome: outcome.nullable().exactOptional().meta({
    description: "what became of it, if it is an exception; null: it is none, so nobody has to review it",
  }),
  fact: identity,
});
export type AuditChange = z.infer<typeof change>;

export const Audit = z
  .strictObject({
    asof: z.string().exactOptional().meta({ description: "the version of asof that made the report" }),
    renamed,
    ...stretch,
    controls: z
      .array(
        z.strictObject({
          control: ControlCode,
          title: z.string(),
          count: z.int(),
          changes: z.array(z.int()).meta({ description: "numbers of changes" }),
        }),
      )
      .meta({ description: "every control, those without a finding too" }),
    totals: z
      .array(z.strictObject({ month: z.string(), service: name.nullable(), changes: z.int() }))
      .meta({ description: "changes by month (UTC) and service; their sum is the number of changes" }),
    coverage: z
      .array(
        z.strictObject({
          source: z.string(),
          days: z.array(z.iso.date()).meta({ description: "days (UTC) on which the ledger heard from it" }),
          longestPauseDays: z.int().meta({
            description: "the most days in a row without a report, between two reports of the period",
          }),
          last: time.exactOptional().meta({
            description: "when the ledger heard from it last, by the end of the period",
          }),
          silent: z.boolean().exactOptional().meta({
            description:
              "whether it was silent at the end of the period, by its own rhythm or the configured one",
          }),
        }),
      )
      .meta({
        description: "which sources reported by the end of the period, about any environment, and when",
      }),
    gaps: z
      .array(
        z.strictObject({
          provider: name,
          instance: z.string().nullable(),
          service: name.nullable(),
          missing: z.array(z.string()).meta({ description: "at most 100" }),
        }),
      )
      .meta({ description: "numbers that a deployer which counts its deployments did not report" }),
    policies: z
      .array(
        z.strictObject({
          since: time,
          sha256: hash.meta({ description: "of the whole policy, in canonical form" }),
          rules: GatePolicy.meta({ description: "its rules for this environment" }),
          fact: identity,
        }),
      )
      .exactOptional()
      .meta({ description: "the gate's policy: the one in force at the beginning, and each later one" }),
    policyRecordedSince: time.nullable().exactOptional().meta({
      description: "since when the policy's history is recorded; null: it is not. Before, it is assumed",
    }),
    sealing: z
      .strictObject({
        since: time.nullable().exactOptional().meta({
          description: "the first seal, if the log began in the period; null: nothing was sealed by its end",
        }),
        checkedFrom: time.meta({
          description:
            "later than `from` where the log holds more than a million facts since: then verify it",
        }),
        gaps: z
          .array(z.strictObject({ from: time, to: time }))
          .meta({ description: "times without a seal for longer than 65 minutes, oldest first" }),
      })
      .exactOptional()
      .meta({ description: "with `sealing=true`; absent, too, if the ledger is not sealed here" }),
    acts: z
      .array(
        z.strictObject({
          at: time,
          what: z.string().meta({ description: "the kind of the fact" }),
          by: shownPerson.nullable(),
          reportedBy: z.string(),
          environment: name.nullable(),
          service: name.nullable(),
          reason: z.string().nullable(),
          detail: z
            .string()
            .exactOptional()
            .meta({ description: "which token, policy or other fact it is about" }),
          fact: identity,
        }),
      )
      .meta({
        description:
          "what operators, auditors and admins did in the ledger: freezes, marks, redeployments, retractions, exports; and changes of tokens and of the gate's policy",
      }),
    changes: z.array(change).meta({ description: "in order of time" }),
    sample: z
      .strictObject({
        seed: z.string(),
        stratify: z.array(z.enum(["emergency", "service"])),
        changes: z.array(z.int()).meta({ description: "numbers of the changes that were drawn" }),
      })
      .exactOptional(),
  })
  .meta({ id: "Audit" });
export type Audit = z.infer<typeof Audit>;
