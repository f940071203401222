/**
 * What an application of Argo CD remembers of its syncs: the revisions of the last ones that succeeded (ten by default),
 * without images. A sync whose own report was lost is told by it: like an import, so that its own report counts where the
 * ledger has it.
 *
 * Key: the application's uid and the start of the sync, as in its own report. The source is the application's history.
 * Not in it: images, components, syncs that failed, syncs of some resources alone; before Argo CD 2.4 the start of a sync,
 * without which nothing links it to its report, so that it is left out.
 * Format: argoproj/argo-cd, pkg/apis/application/v1alpha1/types.go, `RevisionHistory`.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { firstLink, loginOnly, maybeText, present, said } from "../payload.ts";
import { sourceOf } from "../source.ts";

const From = z.looseObject({ repoURL: maybeText, path: maybeText, chart: maybeText });

/** The sources of a sync with the revision of each. */
export const revised = {
  revision: maybeText,
  revisions: z.array(z.string()).nullish(),
  source: From.nullish(),
  sources: z.array(From).nullish(),
};
const Revised = z.looseObject(revised);
type Revised = Partial<z.infer<typeof Revised>>;

/** The last syncs that succeeded, oldest first; of an older template, their revisions alone. */
export const History = z.array(
  z.looseObject({
    ...revised,
    deployStartedAt: maybeText,
    deployedAt: maybeText,
    initiatedBy: z.looseObject({ username: maybeText }).nullish(),
  }),
);
export type History = z.infer<typeof History>;

/** The revisions of a sync's sources as one text, to be compared. */
const revisionsOf = ({ revision, revisions }: Revised): string =>
  JSON.stringify(revisions?.length ? revisions : [revision ?? ""]);
const NO_REVISION = revisionsOf({});

/** Whether a sync returns to a revision that was first deployed before the previous one. */
export function rollbackOf(before: History, given: Revised | null | undefined): { rollback?: true } {
  const sync = given ?? {};
  const known = before.map((entry) => revisionsOf(entry));
  const now = revisionsOf(sync);
  const previous = known.at(-1);
  if (previous === undefined || now === NO_REVISION || !known.includes(now)) return {};
  return known.indexOf(now) < known.indexOf(previous) ? { rollback: true } : {};
}

/** The revision of each source of manifests: a commit, or a chart's version. */
export function configOf(given: Revised | null | undefined) {
  const { revision, revisions, source, sources } = given ?? {};
  const pairs = sources?.length
    ? sources.map((one, n) => [one, revisions?.[n]] as const)
    : [[source, revision] as const];
  const config = pairs.flatMap(([from, revision]) =>
    revision === undefined || revision === ""
      ? []
      : [{ revision, ...present({ repository: webOf(from?.repoURL), path: from?.chart ?? from?.path }) }],
  );
  return config.length === 0 ? {} : { config };
}

/** A repository's web address, also if it is cloned over SSH; none for a registry of charts. */
function webOf(repoURL = ""): string | undefined {
  const [, host, path] = /^(?:ssh:\/\/)?[^@/:]+@([^:/]+)(?::\d+(?=\/))?[:/]\/?(.+)$/.exec(repoURL) ?? [];
  return firstLink(repoURL, host === undefined ? undefined : `https://${host}/${path}`);
}

/** The application, with the fields that all statements about it share. */
interface Remembering {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly common: Record<string, unknown>;
}

/** The syncs of a history, but for one that reports itself. @param reported the start of that one */
export function rememberedSyncs(
  { uid, namespace, name, common }: Remembering,
  history: History,
  reported: string | undefined,
): Mapped[] {
  return history.flatMap((entry, n) => {
    const { deployStartedAt, deployedAt, initiatedBy } = entry;
    if (deployStartedAt === undefined || deployedAt === undefined || deployStartedAt === reported) return [];
    const id = `${uid}/${deployStartedAt}`;
    const { revision, revisions, source, sources } = entry;
    const statement = {
      ...common,
      kind: "deployment.succeeded" as const,
      // The ledger knows this form: what the sync itself reported counts instead.
      source: sourceOf("argocd", "apps", namespace, name, "history"),
      id,
      occurredAt: deployedAt,
      deployment: { provider: "argocd", instance: namespace, id },
      components: [{ component: "main" }],
      ...rollbackOf(history.slice(0, n), entry),
      ...present({ actor: loginOnly(initiatedBy?.username) }),
      ...configOf(entry),
    };
    // An application may move to another cluster, and have its history told again from there.
    return [said(statement, { id, deployedAt, revision, revisions, source, sources })];
  });
}
