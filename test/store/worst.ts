/** For each kind, the fact whose keys are longest: every word as long as the schemas allow, and hard to write. */
import { retractionId } from "../../functions/ledger/append.ts";
import { type AboutAnother, type Fact, isAboutAnother, KINDS, type Kind } from "../../schemas/fact.ts";
import { taken } from "./stores.ts";

/** What grows threefold on its way into a key: by percent-encoding, or by being composed (NFC) or lower-cased. */
export const FILLERS = ["%", "#", "\u{1D160}", "\u0130"] as const;
export type Filler = (typeof FILLERS)[number];

const TIME = "2026-11-22T09:00:00.000Z";
const HASH = "f".repeat(64);
const digestOf = (n: number): string => `sha512:${String(n).padStart(128, "0")}`;
const SHA = "e".repeat(64);

/** `bytes` of a filler, then what tells it from others. */
const filled = (filler: Filler, bytes: number, end = ""): string => {
  const left = bytes - Buffer.byteLength(end);
  const each = Buffer.byteLength(filler);
  return filler.repeat(Math.floor(left / each)) + "x".repeat(left % each) + end;
};

const REPOSITORY = `r.io/${"a".repeat(250)}`;
const TAG = "T".repeat(128);

function fieldsOf(filler: Filler): Record<Kind, object> {
  const name = (end = ""): string => filled(filler, 255, end);
  const deployment = {
    provider: filled(filler, 32),
    instance: filled(filler, 200),
    id: filled(filler, 256),
  };
  const place = { environment: name(), group: name("g") };
  const component = (n: number) => ({
    component: name(String(n).padStart(2, "0")),
    repository: REPOSITORY,
    digest: digestOf(n),
    tag: TAG,
  });
  const effect = {
    ...place,
    service: name("s"),
    deployment,
    components: Array.from({ length: 64 }, (_, n) => component(n)),
    scope: "components",
    commit: { sha: SHA },
    cluster: name("c"),
  };
  const migration = {
    ...place,
    service: name("s"),
    database: name("d"),
    version: filled(filler, 255),
    image: digestOf(1),
    commit: { sha: SHA },
  };
  const held = { digest: digestOf(1), repository: REPOSITORY, tag: TAG };
  const lost = { ...held, what: "manifest" };
  const freeze = { ...place, service: name("s") };
  return {
    "artifact.pushed": held,
    "artifact.deleted": lost,
    "artifact.restored": lost,
    "repository.renamed": { from: REPOSITORY, to: REPOSITORY, scope: "path" },
    "service.renamed": { from: name("s"), to: name("t") },
    "environment.renamed": { from: name("e"), to: name("f") },
    "artifact.indexed": {
      digest: digestOf(1000),
      manifests: Array.from({ length: 100 }, (_, n) => ({
        digest: digestOf(n),
        configDigest: digestOf(500 + n),
      })),
    },
    "artifact.built": {
      digest: digestOf(1),
      commit: { repository: "https://git.example", sha: SHA },
      repository: REPOSITORY,
      evidence: "slsa",
    },
    "deployment.started": effect,
    "deployment.succeeded": effect,
    "deployment.failed": effect,
    "deployment.removed": effect,
    "deployment.observed": effect,
    "task.observed": { ...place, service: name("s"), deployment, component: name("c"), digest: digestOf(1) },
    "migration.applied": migration,
    "migration.reverted": migration,
    "migration.failed": migration,
    "migration.snapshot": {
      ...place,
      service: name("s"),
      database: name("d"),
      mode: "set",
      image: digestOf(1),
      versions: [{ version: filled(filler, 255) }],
    },
    "change.merged": {
      repository: `https://git.example/${"a".repeat(2000)}`,
      number: Number.MAX_SAFE_INTEGER,
      head: "d".repeat(64),
      mergeCommit: SHA,
      authors: [],
      title: filled(filler, 1024),
    },
    "evidence.attached": { deployment, type: filled(filler, 288) },
    "service.described": { service: name("s"), images: [REPOSITORY], databases: [name("d")] },
    "change.noted": { ...freeze, type: filled(filler, 64), title: filled(filler, 512) },
    "incident.opened": { ...freeze, title: filled(filler, 512) },
    "incident.resolved": { ...freeze, title: filled(filler, 512) },
    "release.marked": { digest: digestOf(1), verdict: "good" },
    "environment.frozen": freeze,
    "environment.unfrozen": freeze,
    "redeployment.requested": {
      ...freeze,
      question: { digest: digestOf(1), knownAt: TIME },
      planHash: HASH,
      components: effect.components,
      deadline: TIME,
      key: filled(filler, 256),
      reason: "",
    },
    "redeployment.taken": { ...freeze, redeployment: filled(filler, 256) },
    "redeployment.ended": { ...freeze, redeployment: filled(filler, 256), outcome: "failed" },
    "change.reviewed": {
      ...freeze,
      target: { source: SOURCE, id: filled(filler, 256) },
      verdict: "accepted",
      comment: "",
    },
    "export.made": { from: TIME, to: TIME, count: 0, sha256: HASH },
    "policy.changed": { policy: [], sha256: HASH },
    "token.changed": { what: "added", role: "writer", holder: filled(filler, 128) },
    "person.erased": { person: `person:${HASH}`, reason: "" },
    "fact.retracted": { target: { source: SOURCE, id: filled(filler, 256) }, reason: "" },
    "statement.disputed": { target: { source: SOURCE, id: filled(filler, 256) } },
  };
}

/** The source that grows most: a URI reference may hold one fragment, and any number of encoded bytes. */
const SOURCE = `${"%23".repeat(170)}#x`;

/** A fact, and what a retraction is put with. */
export interface Worst {
  readonly fact: Fact;
  readonly target?: Fact;
}

const worstOf = (kind: Kind, filler: Filler, more: object = {}): Fact =>
  taken({
    kind,
    source: SOURCE,
    id: filled(filler === "%" || filler === "#" ? filler : "#", 256),
    occurredAt: TIME,
    ...fieldsOf(filler)[kind],
    ...more,
  });

const aboutOther = (kind: AboutAnother["kind"], target: Fact): Worst => ({
  fact: taken({
    kind,
    source: target.source,
    id: retractionId(target),
    occurredAt: TIME,
    target: { source: target.source, id: target.id },
    reason: "",
  }),
  target,
});

/** The longest facts of a kind; of partial deployments also the set whose name is just short enough to be written out. */
export function worstFacts(kind: Kind, filler: Filler): readonly Worst[] {
  if (kind === "fact.retracted" || kind === "statement.disputed")
    return KINDS.map((one) => worstOf(one, filler))
      .filter((target) => !isAboutAnother(target))
      .map((target) => aboutOther(kind, target));
  if (!kind.startsWith("deployment.")) return [{ fact: worstOf(kind, filler) }];
  const component = filler === "%" || filler === "#" ? filler : "%";
  // In JSON, with brackets, quotes and a comma: 256 bytes.
  const components = [128, 121].map((bytes) => ({ component: component.repeat(bytes) }));
  return [{ fact: worstOf(kind, filler) }, { fact: worstOf(kind, filler, { components }) }];
}
