/** Checks an image against the gate's policy: each requirement, with the evidence for and against it. */
import type { Attached, MergedChange } from "../../../schemas/answer.ts";
import type { RequirementAnswer } from "../../../schemas/answers/gate.ts";
import type { FactOf } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { type GatePolicy, REQUIREMENTS, type Requirement } from "../../../schemas/settings/gate-policy.ts";
import { isAgainst, isFor, standing } from "./verdicts.ts";

type Built = FactOf<"artifact.built">;

/** What is known of an image, whatever the policy. */
export interface ImageEvidence {
  readonly builds: readonly Built[];
  /** What was attached to the image and its commits, oldest first. */
  readonly attached: readonly Attached[];
  /** The pull and merge requests that brought its commits. */
  readonly changes: readonly MergedChange[];
}

function fits(pattern: string, environment: string): boolean {
  const parts = fold(pattern).split("*");
  const [first = "", ...others] = parts;
  const last = others.pop();
  if (last === undefined) return first === environment;
  if (!environment.startsWith(first)) return false;
  let rest = environment.slice(first.length);
  for (const part of others) {
    const found = rest.indexOf(part);
    if (found === -1) return false;
    rest = rest.slice(found + part.length);
  }
  return rest.endsWith(last);
}

/** The rules of a policy for an environment. @param environment folded */
export const rulesFor = (policy: GatePolicy, environment: string): GatePolicy =>
  policy.filter((rule) => rule.environment === undefined || fits(rule.environment, environment));

/** What a policy requires in an environment: everything that any rule for it requires. @param environment folded */
export function requiredIn(policy: GatePolicy, environment: string): Requirement[] {
  const rules = rulesFor(policy, environment);
  return REQUIREMENTS.filter((one) => rules.some(({ require }) => require.includes(one)));
}

export const ofBuild = (fact: Built, type: string): Attached => ({
  type,
  verdict: fact.verified === true ? `${fact.evidence}, verified` : fact.evidence,
  ...(fact.actor === undefined ? {} : { by: fact.actor }),
  at: fact.occurredAt,
  url: fact.url ?? null,
  fact: { source: fact.source, id: fact.id },
});

type Judged = Pick<RequirementAnswer, "for" | "against"> & { readonly isMet: boolean; readonly why: string };

const ofType = (attached: readonly Attached[], type: RegExp) =>
  standing(attached).filter((one) => type.test(one.type));

function tests({ attached }: ImageEvidence): Judged {
  const found = ofType(attached, /^tests?$/i);
  const [passed, against] = [found.filter(isFor), found.filter(isAgainst)];
  const why = against.length > 0 ? "a test failed" : "no test is reported to have passed";
  return { isMet: passed.length > 0 && against.length === 0, for: passed, against, why };
}

function scans({ attached }: ImageEvidence): Judged {
  const found = ofType(attached, /^scans?$/i);
  const against = found.filter(isAgainst);
  return { isMet: against.length === 0, for: found.filter(isFor), against, why: "a scan failed" };
}

function approval({ attached, changes }: ImageEvidence): Judged {
  const rejected = ofType(attached, /^(approval|review)s?$/i).filter(isAgainst);
  const plain = (one: MergedChange["approvals"][number]): Attached => {
    const { commit: _, isLast: __, bot: ___, separation: ____, ...rest } = one;
    return rest;
  };
  const given = changes.flatMap(({ approvals }) => approvals.map(plain));
  const against = [...rejected, ...given.filter(isAgainst)];
  const open = changes.find(({ separation }) => separation !== "separated");
  const why =
    rejected.length > 0
      ? "it was rejected"
      : open === undefined
        ? "no merged change of its commit is known, so nobody knows who wrote it"
        : `${open.repository}#${open.number}: ${open.separation}`;
  const isMet = changes.length > 0 && open === undefined && rejected.length === 0;
  return { isMet, for: given.filter(isFor), against, why };
}

const JUDGES: Readonly<Record<Requirement, (evidence: ImageEvidence) => Judged>> = {
  build_evidence: ({ builds }) => ({
    isMet: builds.length > 0,
    for: builds.map((one) => ofBuild(one, "build")),
    against: [],
    why: "no build of it is reported",
  }),
  verified_provenance: ({ builds }) => {
    const verified = builds.filter((one) => one.verified === true);
    return {
      isMet: verified.length > 0,
      for: verified.map((one) => ofBuild(one, "provenance")),
      against: [],
      why: builds.length === 0 ? "no provenance of it is reported" : "its provenance is not verified",
    };
  },
  tests_passed: tests,
  approved_by_another: approval,
  no_failed_scan: scans,
};

/** Whether each requirement is met, by the evidence alone. */
export const judged = (required: readonly Requirement[], evidence: ImageEvidence): RequirementAnswer[] =>
  required.map((requirement) => {
    const { isMet, why, for: pro, against } = JUDGES[requirement](evidence);
    return { requirement, met: isMet, ...(isMet ? {} : { missing: why }), for: pro, against };
  });
