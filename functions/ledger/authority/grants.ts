/**
 * Authority: what a sender or a reader is bound to, and whether a statement or a fact is within it. Plain functions of
 * plain data. `refusal` is called where statements are appended, `maySee` where facts are read for a question. Both
 * read what a statement names through `namedIn`. So whatever a bound sender may report names something that is granted
 * to it, and readers who are bound to other names do not see it.
 */
import * as z from "zod";
import type { Fact, Statement } from "../../../schemas/fact.ts";
import { fold, name, REPOSITORY_MAX, source } from "../../../schemas/scalars.ts";

/** A host, or a host and the beginning of a path. A slash at the end changes nothing: it ends at whole segments. */
const repositoryPrefix = z
  .string()
  .max(REPOSITORY_MAX)
  .regex(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\/?$/,
    "must be an image repository or the beginning of one in lower case, like ghcr.io/acme",
  );

const WEB = /^https?:\/\//i;

/** Host and path of a source repository, folded; undefined for what is no address. Without a scheme it means https. */
function addressOf(repository: string): string | undefined {
  const written = WEB.test(repository) ? repository : `https://${repository}`;
  if (!URL.canParse(written)) return undefined;
  const { host, pathname, username, password, search, hash } = new URL(written);
  if (username !== "" || password !== "" || search !== "" || hash !== "") return undefined;
  return fold(`${host}${pathname}`.replace(/\/+$/, "").replace(/\.git$/i, ""));
}

/** Whether both are the address of one source repository. */
export function isSameSource(a: string, b: string): boolean {
  const address = addressOf(a);
  return address !== undefined && address === addressOf(b);
}

const commitPrefix = z
  .string()
  .max(2048)
  .refine((value) => !/[\s\p{C}]/u.test(value) && addressOf(value) !== undefined, {
    error: "must be the address of a source repository or the beginning of one, like github.com/acme",
  });

/** What a holder is bound to. `sources` limits identities alone; the other four bind together. */
export const Grants = z.strictObject({
  /** Prefixes of `source`. */
  sources: z.array(source).min(1).exactOptional(),
  environments: z.array(name).min(1).exactOptional(),
  services: z.array(name).min(1).exactOptional(),
  /** Prefixes of image repositories. */
  repositories: z.array(repositoryPrefix).min(1).exactOptional(),
  /** Prefixes of the addresses of source repositories. */
  commits: z.array(commitPrefix).min(1).exactOptional(),
});
type Mutable = z.infer<typeof Grants>;
export type Grants = { readonly [grant in keyof Mutable]: Readonly<Mutable[grant]> };

/** What binds together: a holder that is bound in one of these is bound in all. */
const BINDING = ["environments", "services", "repositories", "commits"] as const;
type Binding = (typeof BINDING)[number];

export const GRANTS = ["sources", ...BINDING] as const satisfies readonly (keyof Grants)[];

export const isBound = (grants: Grants): boolean => BINDING.some((one) => grants[one] !== undefined);

/** Whether a path begins with a prefix, on whole segments: `ghcr.io/acme` begins no `ghcr.io/acme-evil`. */
const isBelow = (prefix: string, path: string): boolean => {
  const start = prefix.replace(/\/+$/, "");
  return path === start || path.startsWith(`${start}/`);
};

/** Prefixes of sources end at one of `/ : ? #`, too. */
const isUnder = (prefix: string, source: string): boolean =>
  source.startsWith(prefix) && (/[/:?#]$/.test(prefix) || /^([/:?#]|$)/.test(source.slice(prefix.length)));

const equalName = (granted: string, given: string): boolean => fold(granted) === fold(given);

const COVERS: Readonly<Record<Binding, (granted: string, given: string) => boolean>> = {
  environments: equalName,
  services: equalName,
  repositories: isBelow,
  commits: (granted, given) => {
    const address = addressOf(given);
    return address !== undefined && isBelow(addressOf(granted) ?? "", address);
  },
};

/** Whether a holder is granted one value; always where that is not bound. */
export const isGranted = (grants: Grants, what: Binding, value: string): boolean =>
  grants[what]?.some((one) => COVERS[what](one, value)) ?? true;

/** What a statement names, and so what it may have an effect on. An absent list: nothing of that. */
type Names = { readonly [what in Binding]?: readonly string[] | undefined };

const listed = (...values: readonly (string | undefined)[]): string[] =>
  values.flatMap((value) => value ?? []);

/** A place: every environment and service that a statement is about. */
const placeIn = ({ environment, service }: { environment?: string; service?: string }): Names => ({
  environments: listed(environment),
  services: listed(service),
});

/** What a statement is about. The images and configuration that a deployment mentions are not: it changes its place alone. */
function namedIn(statement: Statement): Names {
  switch (statement.kind) {
    case "artifact.pushed":
    case "artifact.deleted":
    case "artifact.restored":
    case "artifact.indexed":
      return { repositories: listed(statement.repository) };
    case "repository.renamed":
      return { repositories: [statement.from, statement.to] };
    case "service.renamed":
      return { services: [statement.from, statement.to] };
    case "environment.renamed":
      return { environments: [statement.from, statement.to] };
    case "artifact.built":
      return {
        repositories: listed(statement.repository),
        services: listed(statement.service),
        commits: [statement.commit.repository],
      };
    case "change.merged":
      return { commits: [statement.repository] };
    case "evidence.attached":
      return { repositories: listed(statement.repository), commits: listed(statement.change?.repository) };
    case "service.described":
      return {
        // Of places alone it says where the service runs; it counts everywhere.
        environments: statement.environments?.concat((statement.places ?? []).map((one) => one.environment)),
        services: [statement.service],
        repositories: statement.images,
      };
    case "release.marked":
      return { environments: statement.environments };
    case "export.made":
    case "policy.changed":
    case "token.changed":
    case "person.erased":
    case "fact.retracted":
    case "statement.disputed":
      return {};
    default:
      return {
        ...placeIn(statement),
        commits: listed(
          "commit" in statement && typeof statement.commit === "object"
            ? statement.commit.repository
            : undefined,
        ),
      };
  }
}

/** What an effect can be confined to, by kind; nothing for a retraction or a dispute, which is about its target. */
function anchorsOf(who: Grants, statement: Statement): readonly Binding[] {
  switch (statement.kind) {
    case "artifact.pushed":
    case "artifact.deleted":
    case "artifact.restored":
    case "artifact.indexed":
    case "repository.renamed":
      return ["repositories"];
    case "artifact.built":
      // A service is in every environment: it says enough to whoever is not bound to some.
      return who.environments === undefined ? ["repositories", "services"] : ["repositories"];
    case "evidence.attached":
      // Of a digest, the image's repository says whose it is; a deployment has no place here.
      return statement.digest !== undefined
        ? ["repositories"]
        : statement.change !== undefined
          ? ["commits"]
          : [];
    case "change.merged":
      return ["commits"];
    case "export.made":
    case "policy.changed":
    case "token.changed":
    case "person.erased":
    case "fact.retracted":
    case "statement.disputed":
      return [];
    default:
      return ["environments", "services"];
  }
}

/** About a place, each bound part must be named: a removal without a service is about every service, a rename about every place. */
const needsEach = ({ kind }: Statement): boolean =>
  /^(deployment|task|migration|change\.(noted|reviewed)|incident|environment|service\.renamed|redeployment|release)/.test(
    kind,
  );

/** Whether values that a bound sender has no list for are refused. Else they are mentioned alone: a deployment's commit. */
const isOwned = (statement: Statement, what: Binding): boolean =>
  what === "repositories" ||
  (what === "services" && statement.kind === "artifact.built") ||
  (what === "commits" && (statement.kind === "evidence.attached" || statement.kind === "change.merged"));

const ONE: Readonly<Record<Binding, string>> = {
  environments: "an environment",
  services: "a service",
  repositories: "an image repository",
  commits: "a source repository",
};

/** Whoever reports or asks: its name, for messages, its role where it has a token, and its grants. */
export type Bound = Grants & { readonly name: string; readonly role?: string };

/** Why a bound sender may not name a value. */
function refusedName(who: Bound, statement: Statement, names: Names): string | undefined {
  for (const what of BINDING) {
    const granted = who[what];
    if (granted === undefined) {
      if (names[what]?.[0] !== undefined && isOwned(statement, what))
        return `the token ${who.name} is bound, and has no ${what}: grant it ${ONE[what]}`;
    } else if (names[what]?.some((value) => !isGranted(who, what, value)) === true) {
      return `the token ${who.name} may only report for the ${what} ${granted.join(", ")}`;
    }
  }
  return undefined;
}

/** Why a sender may not report for a source; undefined if it may. */
function refusedSource({ name, sources }: Bound, source: string): string | undefined {
  // What is done at the ledger's own endpoints has the ledger's sources; no sender may use them.
  if (
    sources === undefined ||
    source.startsWith("/asof/") ||
    sources.some((prefix) => isUnder(prefix, source))
  )
    return undefined;
  return `the token ${name} may only report for sources under ${sources.join(", ")}`;
}

const isRenaming = (kind: Statement["kind"]): boolean => kind.endsWith(".renamed");

/**
 * Why the sender's role does not allow a statement. A rename redirects every later pull or question, so a writer's word
 * is not enough for it; an operator reports nothing else here.
 */
function refusedRole({ name, role }: Bound, { kind, source }: Statement): string | undefined {
  const isRename = isRenaming(kind);
  if (role === "writer" && isRename)
    return `the token ${name} is a writer's: a rename is reported by the registry's own webhook or an operator`;
  if (role === "operator" && !isRename && !source.startsWith("/asof/"))
    return `the token ${name} is an operator's, which reports renames alone`;
  return undefined;
}

/**
 * Why a sender may not report a statement; undefined if it may. Everything that the statement names must be granted, and
 * a bound sender's statement must name something that is: without that, it would be about everything.
 */
export const refusal = (who: Bound, statement: Statement): string | undefined =>
  refusedRole(who, statement) ?? refusedSource(who, statement.source) ?? refusedEffect(who, statement);

/** The same for what a statement is about alone, whoever its source is: who may report it may also dispute it. */
export function refusedEffect(who: Bound, statement: Statement): string | undefined {
  if (!isBound(who) || statement.kind === "fact.retracted" || statement.kind === "statement.disputed")
    return undefined;
  const names = namedIn(statement);
  const refused = refusedName(who, statement, names);
  if (refused !== undefined) return refused;
  const anchors = anchorsOf(who, statement);
  const bound = anchors.filter((what) => who[what] !== undefined);
  const missing = bound.filter((what) => (names[what] ?? []).length === 0);
  if (needsEach(statement) ? bound.length > 0 && missing.length === 0 : missing.length < bound.length)
    return undefined;
  const lacking = (bound.length > 0 ? missing : anchors).map((what) => ONE[what]).join(" or ");
  if (lacking === "") return `the token ${who.name} is bound, and no grant covers such a ${statement.kind}`;
  return bound.length > 0
    ? `the token ${who.name} must name ${lacking}: without one, ${statement.kind} is about everything`
    : `the token ${who.name} is bound, and no grant covers ${statement.kind}: grant it ${lacking}`;
}

/** What a token may report for, in words. */
export const boundsOf = (who: Bound): string =>
  `what the token ${who.name} may report for (${GRANTS.flatMap((one) => (who[one] === undefined ? [] : [`${one} ${who[one].join(", ")}`])).join("; ")})`;

/** Why a bound sender may not put an environment into a group: questions of the group are about all environments in it. */
export function refusedGroup(who: Bound, group: string | undefined): string | undefined {
  if (group === undefined || !isBound(who)) return undefined;
  if (who.environments !== undefined && isGranted(who, "environments", group)) return undefined;
  return `the token ${who.name} is bound: which environments the group ${group} has is for naming rules to say, or for a token that is bound to nothing`;
}

/** Why a holder may not ask or do something at a place; undefined if it may. */
export function refusedPlace(
  who: Bound,
  place: { readonly environment: string; readonly service?: string | undefined },
): string | undefined {
  if (!isBound(who)) return undefined;
  for (const [what, value] of [
    ["environments", place.environment],
    ["services", place.service],
  ] as const)
    if (value !== undefined && !isGranted(who, what, value))
      return `the token ${who.name} is only for the ${what} ${who[what]?.join(", ")}`;
  return undefined;
}

/** What is about the ledger itself, and so about all of it. */
const OF_THE_LEDGER: ReadonlySet<Fact["kind"]> = new Set<Fact["kind"]>([
  "export.made",
  "policy.changed",
  "token.changed",
  "person.erased",
]);

/**
 * Whether a reader may see a fact: nothing that it names is refused to the reader. A fact that names several of one kind
 * is seen by whoever is granted one of them.
 */
export function maySee(who: Grants, fact: Fact): boolean {
  if (!isBound(who)) return true;
  if (OF_THE_LEDGER.has(fact.kind)) return false;
  const names = namedIn(fact);
  return BINDING.every((what) => {
    const named = names[what] ?? [];
    return named.length === 0 || named.some((value) => isGranted(who, what, value));
  });
}

/** Only the grants of a holder. */
export const grantsOf = (who: Grants): z.infer<typeof Grants> =>
  Grants.parse(
    Object.fromEntries(GRANTS.flatMap((one) => (who[one] === undefined ? [] : [[one, who[one]]]))),
  );

/** What a description or a mark of a holder that is bound to environments counts in: those alone. */
export const narrowed = (who: Grants, statement: Statement): Statement =>
  (statement.kind === "service.described" || statement.kind === "release.marked") &&
  statement.environments === undefined &&
  who.environments !== undefined
    ? { ...statement, environments: [...who.environments] }
    : statement;
