/** What the audit report must find about planned deployments, by plain code: it shares none with the product. */

export interface Verdict {
  readonly of: "change" | "deployment" | "commit";
  readonly by: string;
  /** From the deployment on, in hours: negative before it. No two verdicts of a deployment have the same. */
  readonly hours: number;
  readonly verdict: "approved" | "changes_requested";
  /** Given to the last commit of the change; of a deployment it does not matter. */
  readonly isOnHead: boolean;
}

export interface Planned {
  readonly hour: number;
  readonly ended: "succeeded" | "failed" | "never";
  readonly isRollback: boolean;
  readonly actor: string | undefined;
  readonly build: "verified" | "declared" | "none";
  /** Who wrote the merged change of its commit; undefined: none is known. */
  readonly authors: readonly string[] | undefined;
  readonly verdicts: readonly Verdict[];
  readonly isLate: boolean;
  /** An exception from the freeze was made for its image before it. */
  readonly isExcepted: boolean;
}

export interface PlannedFreeze {
  readonly fromHour: number;
  readonly toHour: number;
  readonly allowsRollbacks: boolean;
}

/** The newest verdict of each person, as far as it approves. */
function approving(verdicts: readonly Verdict[]): Verdict[] {
  const newest: Record<string, Verdict> = {};
  for (const one of [...verdicts].sort((a, b) => a.hours - b.hours)) newest[`${one.of} ${one.by}`] = one;
  return Object.values(newest).filter(({ verdict }) => verdict === "approved");
}

/** Whether approvals are by nobody but those who wrote it. */
const areOwn = (approvals: readonly Verdict[], written: readonly string[]): boolean =>
  approvals.every(({ by }) => written.includes(by));

function approvalControl({ actor, authors, build, verdicts }: Planned): string | undefined {
  // A change is known by the commit that a build names.
  const written = build === "none" ? undefined : authors;
  // So is what was said of a commit.
  const known = verdicts.filter(
    ({ of }) => of === "deployment" || (of === "commit" ? build !== "none" : written !== undefined),
  );
  const before = approving(known.filter(({ hours }) => hours <= 0));
  const after = approving(known.filter(({ hours }) => hours > 0));
  if (before.length + after.length === 0) return "no_approval";
  if (before.length === 0) return "approved_after";
  const counting = before.filter(({ of, isOnHead }) => of !== "change" || isOnHead);
  if (counting.length === 0) return "approved_before_last_push";
  const ofDeployment = counting.filter(({ of }) => of === "deployment");
  if (actor !== undefined && ofDeployment.some(({ by }) => by !== actor)) return undefined;
  const ofChange = counting.filter(({ of }) => of === "change");
  const ofCommit = counting.filter(({ of }) => of === "commit");
  const ofText = ofChange.length > 0 ? ofChange : ofCommit;
  if (ofText.length > 0 && written !== undefined && written.length > 0)
    return areOwn(ofText, written) ? "approved_by_author" : undefined;
  return ofDeployment.some(({ by }) => by === actor) ? "approved_by_deployer" : "not_comparable";
}

/** What is found about people: of a rollback, only that it is one. */
function peopleControls(planned: Planned): string[] {
  const { isRollback, actor, build, authors } = planned;
  if (isRollback) return ["emergency"];
  const isByAuthor = build !== "none" && actor !== undefined && authors?.includes(actor) === true;
  return [approvalControl(planned) ?? [], isByAuthor ? ["deployed_by_author"] : []].flat();
}

function freezeControls(
  { hour, isRollback, isExcepted }: Planned,
  freeze: PlannedFreeze | undefined,
): string[] {
  if (freeze === undefined || hour <= freeze.fromHour || freeze.toHour <= hour) return [];
  return [isExcepted || (isRollback && freeze.allowsRollbacks) ? "freeze_exception" : "in_freeze"];
}

/** The controls with a finding about a deployment, sorted. */
export function controlsOf(planned: Planned, freeze: PlannedFreeze | undefined): string[] {
  const { ended, build, isLate } = planned;
  const late = isLate ? ["recorded_late"] : [];
  if (ended !== "succeeded") return [...late, ended === "failed" ? "failed" : "not_ended"].sort();
  return [
    late,
    peopleControls(planned),
    build === "none" ? ["no_commit"] : [],
    build === "verified" ? [] : ["no_verified_build"],
    freezeControls(planned, freeze),
  ]
    .flat()
    .sort();
}
