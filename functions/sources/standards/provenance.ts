/**
 * SLSA provenance v1 and v0.2: which commit was built.
 *
 * Not in the payload: BuildKit names the commit of a local context (`docker buildx build .`) only in its own metadata,
 * `vcs`, where a working tree with changes has `-dirty`; older versions only in the arguments, `vcs:revision`.
 * GitLab's runner writes the commit's id, of 40 digits, as `sha256`. Tekton Chains lists the repositories of its tasks
 * beside what was built, whose name begins with `inputs/`.
 * Format: slsa.dev/spec/v1.0/provenance and /v0.2/provenance; moby/buildkit, docs/attestations/slsa-definitions.md;
 * gitlab-org/gitlab-runner, PROVENANCE.md; tektoncd/chains, docs/predicate/slsa/v2.md.
 */
import * as z from "zod";
import { faultsOf, fullSha, url } from "../../../schemas/scalars.ts";
import { forgeUrl } from "../git-remote.ts";
import { maybeText, quoted } from "../payload.ts";

interface Predicate {
  readonly predicateType: string;
  readonly predicate: unknown;
}

const Material = z.looseObject({
  name: maybeText,
  uri: maybeText,
  digest: z.looseObject({ gitCommit: maybeText, sha1: maybeText, sha256: maybeText }).nullish(),
});

/** What BuildKit's client found in the folder that it built from: its working tree's commit and remote. */
const Vcs = z
  .looseObject({ vcs: z.looseObject({ revision: maybeText, source: maybeText }).nullish() })
  .nullish()
  .catch(undefined);
/** The same as the client handed it over. */
const Args = z
  .looseObject({ args: z.looseObject({ "vcs:revision": maybeText, "vcs:source": maybeText }).nullish() })
  .nullish()
  .catch(undefined);

const ProvenanceV1 = z.looseObject({
  buildDefinition: z.looseObject({
    externalParameters: z
      .looseObject({
        workflow: z.looseObject({ repository: maybeText }).nullish(),
        configSource: Material.nullish().catch(undefined),
        request: Args,
      })
      .nullish(),
    resolvedDependencies: z.array(Material).nullish(),
  }),
  runDetails: z
    .looseObject({
      metadata: z
        .looseObject({
          invocationId: maybeText,
          startedOn: maybeText,
          finishedOn: maybeText,
          buildkit_metadata: Vcs,
        })
        .nullish(),
    })
    .nullish(),
});

const ProvenanceV02 = z.looseObject({
  invocation: z.looseObject({ configSource: Material.nullish(), parameters: Args }).nullish(),
  materials: z.array(Material).nullish(),
  metadata: z
    .looseObject({
      buildInvocationId: maybeText,
      buildFinishedOn: maybeText,
      "https://mobyproject.org/buildkit@v1#metadata": Vcs,
    })
    .nullish(),
});

export interface Commit {
  readonly repository: string;
  readonly sha: string;
  readonly ref?: string;
}
/** The build that a predicate describes. */
export interface Build {
  readonly commits: readonly Commit[];
  /** The working tree had changes that no commit holds. */
  readonly isDirty: boolean;
  readonly run: string | undefined;
  readonly finishedAt: string | undefined;
}

/**
 * A git commit in provenance: `git+https://host/owner/repo@refs/heads/main`, or with `#` (BuildKit), or an ssh remote,
 * which is told as the forge's address.
 */
function commitOf(material: Partial<z.infer<typeof Material>> | null | undefined): Commit[] {
  const { uri, digest } = material ?? {};
  const found = /^(?:git\+)?((?:https?:\/\/|ssh:\/\/(?:[^@/]+@)?)[^@#?]+?)(?:\.git)?\/?(?:[@#](.+))?$/.exec(
    uri ?? "",
  );
  const sha = digest?.gitCommit ?? digest?.sha1 ?? sha1In(digest?.sha256);
  const remote = found?.[1];
  const repository = remote?.startsWith("ssh:") ? forgeUrl(remote) : remote;
  if (repository === undefined || sha === undefined) return [];
  if (!fullSha.safeParse(sha).success || !url.safeParse(repository).success) return [];
  const ref = found?.[2];
  return [{ repository, sha, ...(ref?.startsWith("refs/") ? { ref } : {}) }];
}

const sha1In = (hex = ""): string | undefined => (hex.length === 40 ? hex : undefined);

/** The commit of a local context. Its materials do not name it: they are base images, and what the Dockerfile fetches. */
function localOf(vcs: z.infer<typeof Vcs>, args: z.infer<typeof Args>) {
  const revision = vcs?.vcs?.revision ?? args?.args?.["vcs:revision"] ?? "";
  const source = vcs?.vcs?.source ?? args?.args?.["vcs:source"] ?? "";
  const isDirty = revision.endsWith("-dirty");
  return {
    isDirty,
    commits: commitOf({
      uri: forgeUrl(source),
      digest: { gitCommit: revision, sha1: undefined, sha256: undefined },
    }),
  };
}

/** A build may use several repositories: of these lists, the first that names a commit is of the one that was built. */
const firstNamed = (...lists: readonly (readonly Commit[])[]): readonly Commit[] =>
  lists.find((commits) => commits.length > 0) ?? [];

function fromV1({ buildDefinition, runDetails }: z.infer<typeof ProvenanceV1>): Build {
  const materials = buildDefinition.resolvedDependencies ?? [];
  const all = materials.flatMap((material) => commitOf(material));
  const inputs = materials.filter(({ name }) => name?.startsWith("inputs/")).flatMap(commitOf);
  const { workflow, configSource, request } = buildDefinition.externalParameters ?? {};
  const { invocationId: run, finishedOn, startedOn, buildkit_metadata } = runDetails?.metadata ?? {};
  const ofWorkflow = all.filter(({ repository }) => repository === workflow?.repository);
  const local = localOf(buildkit_metadata, request);
  const commits = firstNamed(ofWorkflow, commitOf(configSource), local.commits, inputs, all);
  return { commits, isDirty: local.isDirty, run, finishedAt: finishedOn ?? startedOn };
}

function fromV02({ invocation, materials, metadata }: z.infer<typeof ProvenanceV02>): Build {
  const { configSource, parameters } = invocation ?? {};
  const local = localOf(metadata?.["https://mobyproject.org/buildkit@v1#metadata"], parameters);
  const all = (materials ?? []).flatMap((material) => commitOf(material));
  const commits = firstNamed(commitOf(configSource), local.commits, all);
  const { isDirty } = local;
  return { commits, isDirty, run: metadata?.buildInvocationId, finishedAt: metadata?.buildFinishedOn };
}

/** The build of a predicate; else why there is none, or what is wrong with it. */
export function buildOf({
  predicateType,
  predicate,
}: Predicate): Build | { ignored: string } | { fault: string } {
  switch (predicateType) {
    case "https://slsa.dev/provenance/v1": {
      const parsed = ProvenanceV1.safeParse(predicate);
      return parsed.success ? fromV1(parsed.data) : { fault: `predicate: ${faultsOf(parsed.error)}` };
    }
    case "https://slsa.dev/provenance/v0.2": {
      const parsed = ProvenanceV02.safeParse(predicate);
      return parsed.success ? fromV02(parsed.data) : { fault: `predicate: ${faultsOf(parsed.error)}` };
    }
    default:
      return { ignored: `a predicate of the type ${quoted(predicateType)} describes no build` };
  }
}
