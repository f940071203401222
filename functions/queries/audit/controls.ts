/** The controls: what the report finds about a change. Plain functions of what is known of it. */
import type { TimelineEntry } from "../../../schemas/answer.ts";
import type { AuditChange, ControlCode, Finding } from "../../../schemas/answers/audit.ts";
import type { RequirementAnswer } from "../../../schemas/answers/gate.ts";
import { duration } from "../../../schemas/words/durations.ts";
import type { ActiveFreeze } from "../gate/freezes.ts";
import type { Comparison } from "../persons.ts";
import type { KnownChange } from "./known-changes.ts";

/** A change that is recorded this much later was not reported at the time. */
const LATE_S = 3600;

type Kind = AuditChange["kind"];

export function kindOf({ what, rollback, components, config = [], version }: TimelineEntry): Kind {
  if (what === "migrated" || what === "reverted" || what === "migration failed") return "migration";
  if (what === "failed" || what === "started") return "attempt";
  if (what === "removed") return "removal";
  if (what === "observed") return "by hand";
  if (what === "noted") return "noted";
  if (rollback === true) return "rollback";
  return components === undefined && config.length > 0 && version === undefined
    ? "configuration"
    : "deployment";
}

/** Kinds that somebody decides to bring, so that somebody else should have approved them. */
const APPROVED: ReadonlySet<Kind> = new Set(["deployment", "configuration", "migration"]);

type Found = readonly [ControlCode, string];

const named = ({ repository, number }: KnownChange["evidence"]["changes"][number]): string =>
  `${repository}#${number}`;

/** A person of a fact; undefined if the fact names none. */
const personOf = (fact: { readonly source: string }, by: string | null) =>
  by === null ? undefined : { source: fact.source, commitment: by };

/** Who approved a change, judged one after the other: the first fault is the finding. */
function approvalFault(known: KnownChange, isOnePerson: Comparison): Found | undefined {
  const { entry, evidence } = known;
  const given = known.approvals.filter(({ bot }) => !bot);
  if (given.length === 0) {
    const open = evidence.changes.map(named).join(", ");
    const why =
      open === ""
        ? "no pull or merge request of its commit is known, and nobody approved the commit or the deployment"
        : `${open}: no approval`;
    return ["no_approval", why];
  }
  const early = given.filter(({ isBefore }) => isBefore);
  if (early.length === 0)
    return ["approved_after", `first approved at ${given[0]?.at}, after it took effect at ${entry.at}`];
  const current = early.filter(({ isLast }) => isLast !== false);
  if (current.length === 0)
    return ["approved_before_last_push", "each approval was given to an earlier commit of the change"];
  const deployer = personOf(entry.fact, entry.by);
  const byOthers = current.filter((one) => {
    const approver = personOf(one.fact, one.by);
    return (
      one.of === "deployment" &&
      approver !== undefined &&
      deployer !== undefined &&
      isOnePerson(approver, deployer) === false
    );
  });
  if (byOthers.length > 0) return undefined;
  return separationFault(known, current, isOnePerson);
}

/** Whether the approvals that counted for a merged change are by others than its authors; undefined: it has none. */
function separationThen(
  change: KnownChange["evidence"]["changes"][number],
  current: KnownChange["approvals"],
): "separated" | "not comparable" | "not separated" | undefined {
  const given = current.filter((one) => one.change === change.fact).map(({ separation }) => separation);
  if (given.includes("separated")) return "separated";
  if (given.includes("not comparable")) return "not comparable";
  return given.length > 0 ? "not separated" : undefined;
}

/** Whether approvals of a commit alone are by others than all authors of the changes that brought it. */
function ofCommit(
  { evidence }: KnownChange,
  current: KnownChange["approvals"],
  isOnePerson: Comparison,
): "separated" | "not separated" | "not comparable" {
  const authors = evidence.changes.flatMap(({ fact: { source }, authors }) =>
    authors.map((commitment) => ({ source, commitment })),
  );
  const answers = current
    .filter(({ of }) => of === "commit")
    .map((one) => {
      const approver = personOf(one.fact, one.by);
      return authors.map((author) => approver && isOnePerson(approver, author));
    });
  if (answers.some((of) => of.length > 0 && of.every((is) => is === false))) return "separated";
  const isOwn = answers.length > 0 && answers.every((of) => of.includes(true));
  return isOwn ? "not separated" : "not comparable";
}

/** Whether approvals of the change or its commit are by others than its authors; of the deployment, than its deployer. */
function separationFault(
  known: KnownChange,
  current: KnownChange["approvals"],
  isOnePerson: Comparison,
): Found | undefined {
  const { entry, evidence } = known;
  const changes = evidence.changes.map((change) => ({ change, is: separationThen(change, current) }));
  const own = changes.find(({ is }) => is === "not separated");
  if (own !== undefined)
    return ["approved_by_author", `${named(own.change)} is approved by its authors alone`];
  if (changes.some(({ is }) => is === "separated")) return undefined;
  const alone = ofCommit(known, current, isOnePerson);
  if (alone === "separated") return undefined;
  if (alone === "not separated") return ["approved_by_author", "its commit is approved by its authors alone"];
  const deployer = personOf(entry.fact, entry.by);
  const isOwn = current.some((one) => {
    const approver = one.of === "deployment" ? personOf(one.fact, one.by) : undefined;
    return approver !== undefined && deployer !== undefined && isOnePerson(approver, deployer) === true;
  });
  if (isOwn)
    return ["approved_by_deployer", "whoever deployed it is the only one who approved the deployment"];
  if (evidence.changes.every(({ authors }) => authors.length === 0))
    return ["not_comparable", "who wrote it is unknown: no author of its commit is reported"];
  return ["not_comparable", "nobody knows whether an approver is another person than the authors"];
}

function deployerFault({ entry, evidence }: KnownChange, isOnePerson: Comparison): Found[] {
  const deployer = personOf(entry.fact, entry.by);
  if (deployer === undefined) return [];
  const own = evidence.changes.find((change) =>
    change.authors.some(
      (author) => isOnePerson({ source: change.fact.source, commitment: author }, deployer) === true,
    ),
  );
  return own === undefined ? [] : [["deployed_by_author", `an author of ${named(own)} deployed it`]];
}

function originFaults({ entry, commits, evidence }: KnownChange): Found[] {
  const { components = [] } = entry;
  const found: Found[] = [];
  if (commits.length === 0) found.push(["no_commit", "no build and no deployment names its commit"]);
  if (components.length > 0 && !evidence.builds.some(({ verified }) => verified === true))
    found.push([
      "no_verified_build",
      evidence.builds.length === 0 ? "no build of it is reported" : "its build is declared, not verified",
    ]);
  return found;
}

/** Whether a freeze let the change through: by an exception for its image, for rollbacks, or as its own request. */
export function isLetThrough(
  { freeze, exceptions }: ActiveFreeze,
  { entry, members }: Pick<KnownChange, "entry" | "members">,
): boolean {
  if (freeze.kind === "redeployment.requested" && freeze.id === entry.redeployment?.id) return true;
  const allows = freeze.kind === "environment.frozen" && freeze.allowRollbacks === true;
  return exceptions.some((digest) => members.has(digest)) || (allows && entry.rollback === true);
}

function freezeFaults(known: KnownChange): Found[] {
  return known.freezes.flatMap((active): Found[] => {
    const { freeze } = active;
    // A request's own deployment is what the freeze of the request is for.
    if (freeze.kind === "redeployment.requested" && freeze.id === known.entry.redeployment?.id) return [];
    const why = `frozen since ${freeze.occurredAt}${freeze.reason === undefined ? "" : `: ${freeze.reason}`}`;
    return [[isLetThrough(active, known) ? "freeze_exception" : "in_freeze", why]];
  });
}

/** What takes effect although it is frozen counts; notes of other systems do not obey the ledger's freezes. */
const FROZEN: ReadonlySet<Kind> = new Set([
  "deployment",
  "configuration",
  "rollback",
  "removal",
  "migration",
]);

function timeFaults({ entry }: KnownChange, lateS: number): Found[] {
  if (entry.fact.source.startsWith("/import/"))
    return [["imported", `recorded at ${entry.recordedAt} from another system's history`]];
  return lateS > LATE_S ? [["recorded_late", `recorded ${duration(lateS * 1000)} after it happened`]] : [];
}

const unmet = (requirements: readonly RequirementAnswer[]): Found[] =>
  requirements
    .filter(({ met }) => !met)
    .map(({ requirement, missing }) => ["policy_unmet", `${requirement}: ${missing ?? "not met"}`]);

const STATES: Partial<Record<TimelineEntry["what"], Found>> = {
  failed: ["failed", "the deployment did not succeed"],
  "migration failed": ["failed", "the migration did not succeed"],
  started: ["not_ended", "nobody reported how it ended"],
  observed: ["drift", "an observation shows it, and no deployment explains it"],
};

/** Everything that the controls find about a change, in the order of the controls. */
export function findingsOf(
  known: KnownChange,
  {
    isOnePerson,
    lateS,
    requirements,
  }: {
    readonly isOnePerson: Comparison;
    readonly lateS: number;
    readonly requirements: readonly RequirementAnswer[];
  },
): Finding[] {
  const { entry } = known;
  const kind = kindOf(entry);
  const isApproved = APPROVED.has(kind) && entry.what !== "migration failed";
  const state = STATES[entry.what];
  const approval = isApproved ? approvalFault(known, isOnePerson) : undefined;
  const found: Found[] = [
    ...(approval === undefined ? [] : [approval]),
    ...(isApproved ? deployerFault(known, isOnePerson) : []),
    ...(isApproved || kind === "rollback" ? originFaults(known) : []),
    ...(kind === "deployment" ? unmet(requirements) : []),
    ...(FROZEN.has(kind) ? freezeFaults(known) : []),
    ...(kind === "rollback" ? [["emergency", "it puts an earlier release back"] as const] : []),
    ...(state === undefined ? [] : [state]),
    ...timeFaults(known, lateS),
  ];
  return found.map(([control, message]) => ({ control, message }));
}
