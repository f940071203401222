/**
 * What commands of a plan would leave running, worked out from their words alone. It judges the plan, so it shares no code
 * with it. A placeholder is filled in as the step says.
 */
import type { Step } from "../../schemas/plan.ts";

/** Images as `repository@digest`, and configuration as `path@revision` (a revision alone where no path is named). */
export interface World {
  readonly images: ReadonlySet<string>;
  readonly config: ReadonlySet<string>;
}

/** What tools bring that go back to a whole release: that of then or, if its images never ran here, that of now. */
export interface Then {
  readonly images: readonly string[];
  readonly config: readonly { revision: string; path?: string; repository?: string }[];
  readonly commit?: { sha: string; repository?: string };
}

const IMAGE = /[a-z0-9.-]+(?:\/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}/g;
const imagesIn = (words: readonly string[]): string[] => words.flatMap((one) => one.match(IMAGE) ?? []);

const entryOf = ({ revision, path }: { revision: string; path?: string }): string =>
  path === undefined ? revision : `${path}@${revision}`;

interface State {
  images: Set<string>;
  config: Set<string>;
  /** Folders of checkouts, with their revision. */
  checkouts: Map<string, string>;
  /** What is in the working tree, and what is committed. */
  staged: { images: string[]; config: string[]; paths: string[] };
  committed: { images: string[]; config: string[] };
  /** task-definition.json. */
  file: { images: string[]; config: string[] };
}

function add(
  state: State,
  { images, config }: { images: readonly string[]; config: readonly string[] },
): void {
  for (const one of images) state.images.add(one);
  for (const one of config) state.config.add(one);
}

/** The configuration of a path below a checkout's folder. */
function checkedOut(state: State, word: string): string[] {
  const [folder = "", ...path] = word.split("/");
  const revision = state.checkouts.get(folder);
  return revision === undefined ? [] : [`${path.join("/")}@${revision}`];
}

function scripted(state: State, [, , script = "", , ...words]: readonly string[]): void {
  const [first = "", second = "", third = ""] = words;
  if (script.includes("git clone")) state.checkouts.set(first, third);
  else if (script.includes("kubectl")) add(state, { images: [], config: checkedOut(state, first) });
  else if (script.includes("kustomize edit")) state.staged.images.push(...imagesIn(words));
  else if (script.includes("docker compose"))
    add(state, { images: imagesIn([first]), config: checkedOut(state, second) });
  else if (script.includes("describe-task-definition")) {
    const definition = words.find((one) => one.startsWith("--task-definition="))?.slice(18) ?? "";
    state.file = { images: imagesIn([first]), config: definition.startsWith("<") ? [] : [definition] };
  } else if (script.includes("exec jq"))
    state.file = { images: imagesIn([first]), config: checkedOut(state, second) };
}

function git(state: State, argv: readonly string[]): void {
  const paths = argv.includes("--") ? argv.slice(argv.indexOf("--") + 1) : [];
  const { staged } = state;
  if (argv.includes("restore")) {
    const revision = argv.find((one) => one.startsWith("--source="))?.slice(9) ?? "";
    staged.config.push(...paths.map((path) => (path.startsWith("<") ? revision : `${path}@${revision}`)));
  } else if (argv.includes("commit")) {
    const isCommitted = (entry: string) =>
      paths.some((path) => path.startsWith("<") || path === "." || entry.startsWith(path));
    state.committed = { images: staged.images, config: staged.config.filter(isCommitted) };
  } else if (argv.includes("push")) add(state, state.committed);
}

const payloadOf = (argv: readonly string[], field: string): string[] =>
  argv.flatMap((one) =>
    one.startsWith(`--raw-field=payload[${field}]=`) ? [one.slice(one.indexOf("]=") + 2)] : [],
  );

const entriesIn = (json: string): string[] => JSON.parse(json).map(entryOf);

function variables(path: string): Map<string, string> {
  const query = new URLSearchParams(path.slice(path.indexOf("?")));
  const values = query.getAll("variables[][value]");
  return new Map(query.getAll("variables[][key]").map((key, n) => [key, values[n] ?? ""]));
}

function ofJob(state: State, { images, config, commit }: Then): void {
  const own = config.filter(
    ({ revision, repository }) => revision === commit?.sha && repository === commit.repository,
  );
  add(state, { images, config: own.map(entryOf) });
}

const everything = ({ images, config }: Then) => ({ images, config: config.map(entryOf) });

function argocd(state: State, argv: readonly string[], then: Then): void {
  if (argv[2] === "rollback") add(state, everything(then));
  if (argv[2] === "set") add(state, { images: imagesIn(argv), config: [] });
  if (argv[2] !== "sync") return;
  const synced = argv.flatMap((one) => /^--revisions?=(.*)$/.exec(one)?.[1] ?? []);
  const config = then.config.filter(({ revision }) => synced.includes(revision));
  add(state, everything({ images: then.images, config }));
}

function glab(state: State, argv: readonly string[], then: Then): void {
  if (argv[1] === "ci") ofJob(state, then);
  else {
    const given = variables(argv.at(-1) ?? "");
    add(state, {
      images: imagesIn([given.get("ASOF_IMAGES") ?? ""]),
      config: entriesIn(given.get("ASOF_CONFIG") ?? "[]"),
    });
  }
}

const PROGRAMS: Readonly<Record<string, (state: State, argv: readonly string[], then: Then) => void>> = {
  sh: scripted,
  git,
  argocd,
  glab,
  helm: (state, argv, then) => {
    if (argv.includes("rollback")) add(state, everything(then));
    if (argv.includes("upgrade")) add(state, { images: imagesIn(argv), config: [] });
  },
  kubectl: (state, argv) => {
    if (argv.includes("image")) add(state, { images: imagesIn(argv), config: [] });
  },
  // Flux applies what is pushed: the manifests of then name the images of then.
  flux: (state, argv, then) => {
    const isPushed = state.committed.config.length > 0;
    if (argv[1] === "reconcile" && isPushed) add(state, { images: then.images, config: [] });
  },
  aws: (state, argv) => {
    if (argv[2] === "update-service") add(state, state.file);
  },
  gh: (state, argv, then) => {
    if (argv[1] === "run") ofJob(state, then);
    else
      add(state, { images: payloadOf(argv, "image"), config: payloadOf(argv, "config").flatMap(entriesIn) });
  },
  "own-tool": (state, argv, then) => {
    const revisions = argv.flatMap((one) => /^--config=(.*)$/.exec(one)?.[1] ?? []);
    const config = then.config.filter(({ revision }) => revisions.includes(revision));
    add(state, everything({ images: imagesIn(argv), config }));
  },
};

/** What runs after a step that did not run before. A person who deploys by hand reads what the step says. */
export function simulated({ commands, why }: Step, then: Then): World {
  const state: State = {
    images: new Set(),
    config: new Set(),
    checkouts: new Map(),
    staged: { images: [], config: [], paths: [] },
    committed: { images: [], config: [] },
    file: { images: [], config: [] },
  };
  for (const { argv } of commands) PROGRAMS[argv[0] ?? ""]?.(state, argv, then);
  if (commands.length === 0) {
    const told = then.config.filter(({ revision }) => why.includes(revision));
    add(state, { images: imagesIn([why]), config: told.map(entryOf) });
  }
  // Where the ledger knows no path, a step may still name the one that a person fills in.
  const config = then.config.filter(
    (one) => state.config.has(entryOf(one)) || state.config.has(one.revision),
  );
  return { images: state.images, config: new Set(config.map(entryOf)) };
}
