/**
 * Argo CD as an executor. It carries out the plan's own step: holds auto-sync, which would undo the rollback, and syncs the
 * application to the revision of then, or rolls back to the entry of its history. Auto-sync stays held as long as the
 * redeployment's freeze: its policy is kept in an annotation of the application, and the end of the redeployment tells it.
 */
import * as z from "zod";
import type { Command, Plan } from "../../../schemas/plan.ts";
import { endpoint } from "../../../schemas/scalars.ts";
import { parsed } from "../../adapters/http-client.ts";
import { places } from "../reaction.ts";
import { type Application, type ApplicationAt, type ArgoCd, argocdAt } from "./argocd-api.ts";
import { Refused } from "./deliver.ts";
import { commandsBy, type Deploying, known, optionIn, type Progress } from "./direct-executor.ts";
import { type Order, token } from "./order.ts";

export const ArgocdExecutor = z.strictObject({
  kind: z.literal("argocd"),
  url: endpoint,
  /** Of an account that may get, update and sync the applications. */
  token,
  ...places,
});
export type ArgocdExecutor = z.infer<typeof ArgocdExecutor>;

/** How long an application may be unhealthy after its sync: as long as the plan's own command waits. */
const HEALTHY_MS = 10 * 60_000;

const ANNOTATION = "asof.dev/held";
/** Who holds auto-sync, what it was, and the start of the newest operation before, by Argo CD's own clock. */
const Held = z.object({ redeployment: z.string(), before: z.string().nullable(), automated: z.unknown() });
type Held = z.infer<typeof Held>;

type State = NonNullable<NonNullable<Application["status"]>["operationState"]>;

/** What an application is brought to: revisions by the position of their source, or an entry of its history. */
interface Aim extends ApplicationAt {
  readonly revisions: readonly string[];
  readonly positions: readonly string[];
  /** When the sync of then started; absent where revisions are known. */
  readonly startedAt: string | undefined;
}

const bringing = (commands: readonly Command[]): Command | undefined =>
  commands.find(({ argv: [, , verb = ""] }) => verb === "sync" || verb === "rollback");

/** Why this executor does not run a plan; undefined if it does. */
export function notByArgocd(plan: Plan): string | undefined {
  const commands = commandsBy({ plan }, "argocd");
  if (bringing(commands) === undefined) return "the plan does not deploy with Argo CD";
  return commands.some((one) => optionIn(one, "kustomize-image").length > 0)
    ? "the plan sets images in Argo CD, and this executor syncs to revisions"
    : undefined;
}

/** @throws {Refused} if the plan does not say it */
function aimOf(order: Order): Aim {
  const command = bringing(commandsBy(order, "argocd"));
  if (command === undefined) throw new Refused("the plan does not deploy with Argo CD");
  const [, , verb, name] = command.argv;
  const [appNamespace] = optionIn(command, "app-namespace");
  const revisions = [...optionIn(command, "revision"), ...optionIn(command, "revisions")];
  // Argo CD's own source gives a deployment this id: the application's uid, and the start of its sync.
  const started = order.plan.target?.deployment?.id.split("/")[1];
  return {
    name: known(name, "its application"),
    ...(appNamespace === undefined
      ? {}
      : { appNamespace: known(appNamespace, "its application's namespace") }),
    revisions,
    positions: optionIn(command, "source-positions"),
    startedAt: verb === "rollback" ? started : undefined,
  };
}

const atOf = ({ name, appNamespace }: Aim): ApplicationAt => ({
  name,
  ...(appNamespace === undefined ? {} : { appNamespace }),
});

const heldIn = ({ metadata }: Application): Held | undefined =>
  Held.safeParse(parsed(metadata.annotations?.[ANNOTATION] ?? "")).data;

/** The policy of auto-sync; undefined where it is off. */
const automatedIn = ({ spec }: Application) => {
  const automated = spec.syncPolicy?.automated;
  return automated == null || automated.enabled === false ? undefined : automated;
};

const entryOf = ({ status }: Application, { name, startedAt }: Aim) => {
  const entry = status?.history?.find(({ deployStartedAt }) => deployStartedAt === startedAt);
  if (startedAt === undefined || entry === undefined)
    throw new Refused(`Argo CD's history of ${name} has no sync of ${startedAt ?? "then"} any more`);
  return entry;
};

/** The revisions of an operation; empty texts are sources without one. */
const revisionsOf = ({
  revision,
  revisions,
}: {
  revision?: string | null | undefined;
  revisions?: string[] | null | undefined;
}): string[] => (revisions != null && revisions.length > 0 ? revisions : [revision ?? ""]);

/** Whether one revision is another: Argo CD answers whole commits. */
const isRevision = (asked: string, revision: string): boolean =>
  asked === revision || (revision.length >= 7 && asked.startsWith(revision));

/** Whether an operation brings the plan's revisions, or those of the entry of the history. */
function brings(application: Application, aim: Aim, state: State): boolean {
  const wanted = aim.revisions.length > 0 ? aim.revisions : revisionsOf(entryOf(application, aim));
  const asked = revisionsOf(state.operation.sync ?? {});
  return wanted.every((revision) => asked.some((one) => isRevision(one, revision)));
}

function told({ name, appNamespace }: ApplicationAt, { automated }: Held): { told?: string } {
  if (automated == null) return {};
  const of = appNamespace === undefined ? name : `${appNamespace}/${name}`;
  const policy = JSON.stringify(automated);
  return {
    told: `auto-sync of ${of} is off until the freeze of this redeployment ends (it was ${policy}); bring its branch to this state first`,
  };
}

function healthOf(application: Application, finishedAt: string, now: Date): Progress | undefined {
  const { status: health = "Unknown", message } = application.status?.health ?? {};
  if (health === "Healthy") return undefined;
  if (now.getTime() - Date.parse(finishedAt) < HEALTHY_MS) return { is: "running" };
  const why = `Argo CD synced it, and it is ${health} ten minutes later${message == null ? "" : `: ${message}`}`;
  return { is: "failed", why };
}

/** @param kept what a person has to know of auto-sync */
function progressOf(application: Application, state: State, kept: { told?: string }, now: Date): Progress {
  const { phase, message, finishedAt } = state;
  if (phase === "Failed" || phase === "Error") {
    const why = `Argo CD's sync ended with ${phase}: ${message ?? "it gives no reason"}`;
    return { is: "failed", why: [why, ...(kept.told === undefined ? [] : [kept.told])].join("; ") };
  }
  if (phase !== "Succeeded" || finishedAt == null) return { is: "running" };
  return healthOf(application, finishedAt, now) ?? { is: "deployed", since: new Date(finishedAt), ...kept };
}

interface Holding extends Deploying {
  /** Gives auto-sync back that is held for a redeployment. */
  readonly letGo: (order: Order) => Promise<void>;
}

function deploying(argocd: ArgoCd, now: () => Date): Holding {
  async function progress(order: Order): Promise<Progress> {
    const aim = aimOf(order);
    const application = await argocd.get(atOf(aim));
    const held = heldIn(application);
    if (held?.redeployment !== order.redeployment.id) return { is: "not begun" };
    if (application.operation != null) return { is: "running" };
    const state = application.status?.operationState;
    if (state == null || state.startedAt === held.before) return { is: "not begun" };
    if (!brings(application, aim, state))
      return { is: "failed", why: "another sync of Argo CD took its place" };
    return progressOf(application, state, told(aim, held), now());
  }

  /** Turns auto-sync off, and keeps its policy. One that an earlier redeployment holds stays as it was kept. */
  async function hold(order: Order, aim: Aim, application: Application): Promise<Held> {
    const automated = automatedIn(application) ?? heldIn(application)?.automated ?? null;
    const before = application.status?.operationState?.startedAt ?? null;
    const held = { redeployment: order.redeployment.id, before, automated };
    await argocd.patch(atOf(aim), {
      metadata: { annotations: { [ANNOTATION]: JSON.stringify(held) } },
      ...(automatedIn(application) === undefined ? {} : { spec: { syncPolicy: { automated: null } } }),
    });
    return held;
  }

  const release = (aim: Aim, { automated }: Held): Promise<void> =>
    argocd.patch(atOf(aim), {
      metadata: { annotations: { [ANNOTATION]: null } },
      ...(automated == null ? {} : { spec: { syncPolicy: { automated } } }),
    });

  async function request(aim: Aim, application: Application): Promise<void> {
    const { revisions, positions } = aim;
    const [only] = revisions;
    if (only === undefined) return argocd.rollback(atOf(aim), entryOf(application, aim).id);
    if (positions.length === 0) return argocd.sync(atOf(aim), { revision: only });
    return argocd.sync(atOf(aim), { revisions, sourcePositions: positions });
  }

  async function begin(order: Order): Promise<void> {
    const aim = aimOf(order);
    const application = await argocd.get(atOf(aim));
    if (application.operation != null || application.status?.operationState?.phase === "Running")
      throw new Error(`Argo CD is running another operation of ${aim.name}`);
    // An entry that is gone is found before anything is changed.
    if (aim.revisions.length === 0) entryOf(application, aim);
    const held = await hold(order, aim, application);
    try {
      await request(aim, application);
    } catch (error) {
      // Nothing was synced, so nothing is to be protected.
      if (error instanceof Refused) await release(aim, held);
      throw error;
    }
  }

  async function letGo(order: Order): Promise<void> {
    const aim = aimOf(order);
    const held = heldIn(await argocd.get(atOf(aim)));
    if (held?.redeployment === order.redeployment.id) await release(aim, held);
  }

  return { progress, begin, letGo };
}

export const byArgocd = ({ url, token: secret }: ArgocdExecutor, now: () => Date): Holding =>
  deploying(argocdAt(url, secret), now);
