/** Tables of the gate: what it lets through, what it does not, and why. */
import { describe, expect, it } from "vitest";
import { gate } from "../../functions/queries/gate/gate.ts";
import { Gate } from "../../schemas/answers/gate.ts";
import type { Statement } from "../../schemas/fact.ts";
import { digestOf, type Given, given, retracted, said, shaOf } from "./given.ts";
import {
  built,
  deleted,
  described,
  indexed,
  main,
  migration,
  PLACE,
  pushed,
  restored,
  snapshot,
  succeeded,
  time,
} from "./saying.ts";

const NEW = digestOf("new");
const INDEX = digestOf("index");
const MANIFEST = digestOf("manifest");
const OTHER = digestOf("another index");
const CONFIG = digestOf("config");

const runs = succeeded("01 08:00", [main({ digest: digestOf("old") })]);
const image = (digest: string) => [pushed("19 08:00", digest), built(digest, "new")];
/** A service that runs, and an image of it that nothing speaks against. */
const fine = [runs, ...image(NEW)];

const scoped = (service: string | undefined) => (service === undefined ? {} : { service });
const freezing =
  (kind: "environment.frozen" | "environment.unfrozen") =>
  (at: string, service?: string, more: object = {}): Statement =>
    said(kind, time(at), { environment: "Production", ...scoped(service), reason: "holidays", ...more });
const frozen = freezing("environment.frozen");
const unfrozen = freezing("environment.unfrozen");
const marked = (at: string, digest: string, verdict: "good" | "bad", more: object = {}) =>
  said("release.marked", time(at), { digest, verdict, ...more });

interface Case {
  readonly rule: string;
  readonly given: readonly Statement[];
  readonly asked?: { environment?: string; service?: string; digest?: string };
  readonly at?: string;
  readonly knownAt?: string;
  readonly reasons?: readonly string[];
  readonly warnings?: readonly string[];
}

const ask = async (told: Given, { asked, at = "31 12:00", knownAt }: Omit<Case, "rule" | "given">) =>
  Gate.parse(await told.shown(await gate(told.at(time(at), knownAt), { ...PLACE, digest: NEW, ...asked })));

const codes = (found: readonly { code: string }[]) => found.map(({ code }) => code);

/** Every case is told as it happened and, where all is known, the other way round. */
const cases = (what: string, table: readonly Case[]) =>
  describe(what, () => {
    it.each(table)("$rule", async ({ given: facts, reasons = [], warnings = [], ...question }) => {
      const answer = await ask(await given(...facts), question);
      expect({ reasons: codes(answer.reasons), warnings: codes(answer.warnings) }).toEqual({
        reasons,
        warnings,
      });
      expect(answer.allowed).toBe(reasons.length === 0);
      if (question.knownAt !== undefined) return;
      expect(await ask(await given(...facts.toReversed()), question)).toEqual(answer);
    });
  });

cases("the gate lets through", [
  { rule: "an image that nothing speaks against", given: fine },
  {
    rule: "names in another case",
    given: fine,
    asked: { environment: "PRODUCTION", service: "Acme/Billing" },
  },
  {
    rule: "the first deployment of a service, and says that it is one",
    given: fine,
    asked: { service: "acme/new" },
    warnings: ["service_unknown"],
  },
  {
    rule: "the first deployment to an environment, and says that it is one",
    given: fine,
    asked: { environment: "prodution" },
    warnings: ["environment_unknown"],
  },
  {
    rule: "all in an empty ledger but what nobody pushed or built",
    given: image(NEW),
    warnings: ["environment_unknown"],
  },
]);

cases("of freezes", [
  {
    rule: "a frozen environment holds every service",
    given: [...fine, frozen("20 08:00")],
    reasons: ["frozen"],
  },
  {
    rule: "a frozen environment holds services that nobody heard of",
    given: [...fine, frozen("20 08:00")],
    asked: { service: "acme/new" },
    reasons: ["frozen"],
    warnings: ["service_unknown"],
  },
  {
    rule: "an environment may be frozen before anything runs there",
    given: [...image(NEW), frozen("20 08:00")],
    reasons: ["frozen"],
    warnings: ["service_unknown"],
  },
  {
    rule: "a frozen service is held",
    given: [...fine, frozen("20 08:00", "acme/billing")],
    reasons: ["frozen"],
  },
  {
    rule: "names compare without case",
    given: [...fine, frozen("20 08:00", "Acme/Billing")],
    reasons: ["frozen"],
  },
  {
    rule: "another service's freeze holds nothing",
    given: [...fine, frozen("20 08:00", "acme/web"), frozen("20 08:00", "acme/billing/web")],
  },
  {
    rule: "another environment's freeze holds nothing",
    given: [...fine, frozen("20 08:00", undefined, { environment: "staging" })],
  },
  {
    rule: "an environment is free after the end",
    given: [...fine, frozen("20 08:00"), unfrozen("21 08:00")],
  },
  {
    rule: "a service is free after the end",
    given: [...fine, frozen("20 08:00", "acme/billing"), unfrozen("21 08:00", "acme/billing")],
  },
  {
    rule: "one end ends all freezes of the place before it",
    given: [...fine, frozen("20 08:00"), frozen("20 09:00"), unfrozen("21 08:00")],
  },
  {
    rule: "frozen again, it is held again",
    given: [...fine, frozen("20 08:00"), unfrozen("21 08:00"), frozen("22 08:00")],
    reasons: ["frozen"],
  },
  {
    rule: "the end of a service's freeze also lets it out of its environment's",
    given: [
      ...fine,
      frozen("20 08:00"),
      frozen("20 08:00", "acme/billing"),
      unfrozen("21 08:00", "acme/billing"),
    ],
  },
  {
    rule: "and no other service",
    given: [...fine, frozen("20 08:00"), unfrozen("21 08:00", "acme/web")],
    reasons: ["frozen"],
  },
  {
    rule: "nor from what is frozen after it",
    given: [...fine, frozen("20 08:00"), unfrozen("21 08:00", "acme/billing"), frozen("22 08:00")],
    reasons: ["frozen"],
  },
  {
    rule: "an end that names an image lets this image through",
    given: [...fine, frozen("20 08:00"), unfrozen("21 08:00", undefined, { digest: NEW })],
  },
  {
    rule: "by any digest of it",
    given: [
      ...fine,
      indexed(INDEX, NEW),
      pushed("19 08:00", INDEX),
      frozen("20 08:00"),
      unfrozen("21 08:00", "acme/billing", { digest: INDEX }),
    ],
  },
  {
    rule: "and no other image",
    given: [...fine, frozen("20 08:00"), unfrozen("21 08:00", undefined, { digest: OTHER })],
    reasons: ["frozen"],
  },
  {
    rule: "and not out of what is frozen after it",
    given: [...fine, unfrozen("19 08:00", undefined, { digest: NEW }), frozen("20 08:00")],
    reasons: ["frozen"],
  },
  {
    rule: "before it begins nothing is held",
    given: [...fine, frozen("20 08:00", undefined, { from: time("24 00:00"), until: time("26 23:59") })],
    at: "23 23:59",
  },
  {
    rule: "while it lasts all is held",
    given: [...fine, frozen("20 08:00", undefined, { from: time("24 00:00"), until: time("26 23:59") })],
    at: "26 23:59",
    reasons: ["frozen"],
  },
  {
    rule: "after its last moment nothing is held",
    given: [...fine, frozen("20 08:00", undefined, { from: time("24 00:00"), until: time("26 23:59") })],
    at: "27 00:00",
  },
  {
    rule: "one that is scheduled hides none that lasts",
    given: [...fine, frozen("20 08:00"), frozen("21 08:00", undefined, { from: time("24 00:00") })],
    at: "22 00:00",
    reasons: ["frozen"],
  },
  {
    rule: "one end also ends what is scheduled",
    given: [...fine, frozen("20 08:00", undefined, { from: time("24 00:00") }), unfrozen("21 08:00")],
    at: "25 00:00",
  },
  {
    rule: "the end of an environment's freeze leaves its services'",
    given: [...fine, frozen("20 08:00"), frozen("20 08:00", "acme/billing"), unfrozen("21 08:00")],
    reasons: ["frozen"],
  },
  {
    rule: "a service held twice is told both",
    given: [...fine, frozen("20 08:00"), frozen("20 08:00", "acme/billing")],
    reasons: ["frozen", "frozen"],
  },
  { rule: "an end without a freeze changes nothing", given: [...fine, unfrozen("20 08:00")] },
  {
    rule: "as of before a freeze nothing was held",
    given: [...fine, frozen("20 08:00")],
    at: "20 07:59",
  },
  {
    rule: "as of before its end it was held",
    given: [...fine, frozen("20 08:00"), unfrozen("21 08:00")],
    at: "21 07:59",
    reasons: ["frozen"],
  },
  {
    rule: "what was not known of its end did not end it",
    given: [...fine, frozen("20 08:00"), unfrozen("21 08:00")],
    knownAt: time("21 08:00"),
    reasons: ["frozen"],
  },
]);

const attached = (at: string, more: object) => said("evidence.attached", time(at), more);
const ofCommit = (at: string, type: string, verdict: string, more: object = {}) =>
  attached(at, { commit: shaOf("new"), type, verdict, ...more });

cases("of evidence", [
  {
    rule: "a failed test of the commit is warned of",
    given: [...fine, ofCommit("20 08:00", "test", "failed")],
    warnings: ["evidence_against"],
  },
  {
    rule: "a rejected approval and a failed scan are warned of, each",
    given: [
      ...fine,
      ofCommit("20 08:00", "approval", "rejected", { by: "cab" }),
      attached("20 09:00", { digest: NEW, type: "scan", verdict: "FAILED" }),
    ],
    warnings: ["evidence_against", "evidence_against"],
  },
  {
    rule: "what passed later is fine",
    given: [...fine, ofCommit("20 08:00", "test", "failure"), ofCommit("20 09:00", "test", "success")],
  },
  {
    rule: "who asks for changes does so until they approve, whoever else does",
    given: [
      ...fine,
      ofCommit("20 08:00", "review", "changes_requested", { by: "one" }),
      ofCommit("20 09:00", "review", "approved", { by: "two" }),
    ],
    warnings: ["evidence_against"],
  },
  {
    rule: "what passed, and what has no verdict, is fine",
    given: [
      ...fine,
      ofCommit("20 08:00", "test", "passed"),
      attached("20 08:00", { digest: NEW, type: "sbom" }),
    ],
  },
  {
    rule: "another commit's does not count",
    given: [
      ...fine,
      attached("20 08:00", { commit: `${shaOf("new").slice(0, 39)}0`, type: "test", verdict: "failed" }),
    ],
  },
  {
    rule: "as of before it was given nothing was wrong",
    given: [...fine, ofCommit("20 08:00", "test", "failed")],
    at: "20 07:59",
  },
]);

const builtAt = (digest: string, committedAt: string) =>
  built(digest, digest, {
    commit: { repository: "https://github.com/acme/billing", sha: digest.slice(7, 47), committedAt },
  });
const breaking = (more: object = {}) =>
  migration("applied", "20 08:00", "2", { oldCodeRuns: false, ...more });

cases("of what has moved on", [
  {
    rule: "an image from an older commit than the one that runs is warned of",
    given: [
      builtAt(digestOf("old"), time("18 08:00")),
      builtAt(NEW, time("17 08:00")),
      pushed("19 08:00", NEW),
      runs,
    ],
    warnings: ["older_build"],
  },
  {
    rule: "one from a newer commit is not",
    given: [
      builtAt(digestOf("old"), time("17 08:00")),
      builtAt(NEW, time("18 08:00")),
      pushed("19 08:00", NEW),
      runs,
    ],
  },
  {
    rule: "one that ran before a migration that older code does not run on is warned of",
    given: [...image(NEW), succeeded("19 12:00", [main({ digest: NEW })]), breaking()],
    warnings: ["schema_too_new"],
  },
  {
    rule: "one that came with the migration is not",
    given: [...fine, breaking()],
  },
  {
    rule: "nor is the image that ran it",
    given: [...image(NEW), succeeded("19 12:00", [main({ digest: NEW })]), breaking({ image: NEW })],
  },
]);

describe("a retraction", () => {
  it("of a freeze ends it, and of its end lets it stand", async () => {
    const freeze = frozen("20 08:00");
    const end = unfrozen("21 08:00");
    const told = await given(...fine, freeze, end, retracted(end));
    expect((await ask(told, {})).allowed).toBe(false);
    await told.tell(retracted(freeze));
    expect((await ask(told, {})).allowed).toBe(true);
  });

  it("of a mark lets the one before count", async () => {
    const bad = marked("21 08:00", NEW, "bad");
    const told = await given(...fine, marked("20 08:00", NEW, "good"), bad);
    expect((await ask(told, {})).allowed).toBe(false);
    await told.tell(retracted(bad));
    expect((await ask(told, {})).allowed).toBe(true);
  });
});

const family = [runs, indexed(INDEX, { digest: MANIFEST, configDigest: CONFIG }), ...image(INDEX)];

cases("of marks", [
  {
    rule: "what is marked as bad is held",
    given: [...fine, marked("20 08:00", NEW, "bad")],
    reasons: ["marked_bad"],
  },
  { rule: "what is marked as good is let through", given: [...fine, marked("20 08:00", NEW, "good")] },
  {
    rule: "the newest mark counts: good after bad",
    given: [...fine, marked("20 08:00", NEW, "bad"), marked("21 08:00", NEW, "good")],
  },
  {
    rule: "the newest mark counts: bad after good",
    given: [...fine, marked("20 08:00", NEW, "good"), marked("21 08:00", NEW, "bad")],
    reasons: ["marked_bad"],
  },
  {
    rule: "a mark of a manifest is one of its index",
    given: [...family, marked("20 08:00", MANIFEST, "bad")],
    asked: { digest: INDEX },
    reasons: ["marked_bad"],
  },
  {
    rule: "a mark of an index is one of its manifest",
    given: [...family, marked("20 08:00", INDEX, "bad")],
    asked: { digest: MANIFEST },
    reasons: ["marked_bad"],
  },
  {
    rule: "a mark of a config is one of its index",
    given: [...family, marked("20 08:00", CONFIG, "bad")],
    asked: { digest: INDEX },
    reasons: ["marked_bad"],
  },
  {
    rule: "the newest mark of any digest of the image counts",
    given: [...family, marked("20 08:00", MANIFEST, "bad"), marked("21 08:00", INDEX, "good")],
    asked: { digest: MANIFEST },
  },
  {
    rule: "a mark of an index is none of another with the same manifest",
    given: [...family, indexed(OTHER, MANIFEST), ...image(OTHER), marked("20 08:00", INDEX, "bad")],
    asked: { digest: OTHER },
  },
  {
    rule: "a mark of another image holds nothing",
    given: [...fine, marked("20 08:00", digestOf("old"), "bad")],
  },
  {
    rule: "evidence of a verdict is no mark, and a warning",
    given: [
      ...fine,
      said("evidence.attached", time("20 08:00"), { digest: NEW, type: "scan", verdict: "bad" }),
    ],
    warnings: ["evidence_against"],
  },
  {
    rule: "as of before a mark there was none",
    given: [...fine, marked("20 08:00", NEW, "bad")],
    at: "20 07:59",
  },
]);

const gone = deleted("20 08:00", "manifest", { digest: NEW });
const elsewhere = { repository: "ghcr.io/acme/mirror" };

cases("of registries", [
  { rule: "what nobody pushed is held", given: [runs, built(NEW, "new")], reasons: ["unknown_to_registry"] },
  { rule: "what was deleted is held", given: [...fine, gone], reasons: ["unknown_to_registry"] },
  {
    rule: "what was archived is held",
    given: [...fine, deleted("20 08:00", "manifest", { digest: NEW, archived: true })],
    reasons: ["image_archived"],
  },
  {
    rule: "as of before it was deleted too: it is about pulling it now",
    given: [...fine, gone],
    at: "20 07:59",
    reasons: ["unknown_to_registry"],
  },
  {
    rule: "what was restored is let through",
    given: [...fine, gone, restored("21 08:00", "manifest", { digest: NEW })],
  },
  {
    rule: "what another repository has is let through",
    given: [...fine, pushed("19 08:00", NEW, elsewhere), gone],
  },
  {
    rule: "what may have been deleted is let through, and that is said",
    given: [...fine, deleted("20 08:00", "unknown", { digest: NEW })],
    warnings: ["availability_unknown"],
  },
  {
    rule: "a manifest of an index that was pushed is let through",
    given: family,
    asked: { digest: MANIFEST },
  },
  {
    rule: "an index whose manifests alone were told of is let through, and that is said",
    given: [runs, indexed(INDEX, MANIFEST), ...image(MANIFEST)],
    asked: { digest: INDEX },
    warnings: ["availability_unknown"],
  },
  {
    rule: "an index whose only manifest that was told of is deleted is held",
    given: [
      runs,
      indexed(INDEX, MANIFEST),
      ...image(MANIFEST),
      deleted("20 08:00", "manifest", { digest: MANIFEST }),
    ],
    asked: { digest: INDEX },
    reasons: ["unknown_to_registry"],
  },
  {
    rule: "an index with a deleted manifest is held",
    given: [...family, pushed("19 08:00", MANIFEST), deleted("20 08:00", "manifest", { digest: MANIFEST })],
    asked: { digest: INDEX },
    reasons: ["unknown_to_registry"],
  },
  {
    rule: "a manifest that outlives its index is let through, and that is said",
    given: [...family, pushed("19 08:00", MANIFEST), deleted("20 08:00", "manifest", { digest: INDEX })],
    asked: { digest: MANIFEST },
    warnings: ["availability_unknown"],
  },
]);

cases("of commits", [
  { rule: "what no build speaks of is held", given: [runs, pushed("19 08:00", NEW)], reasons: ["no_commit"] },
  {
    rule: "a deployment's commit is none of its image",
    given: [
      runs,
      pushed("19 08:00", NEW),
      succeeded("19 09:00", [main({ digest: NEW })], { commit: { sha: "0123456789" } }),
    ],
    reasons: ["no_commit"],
  },
  {
    rule: "an attestation that came after the moment counts",
    given: [runs, pushed("19 08:00", NEW), built(NEW, "new", { occurredAt: time("30 08:00") })],
    at: "20 08:00",
  },
  {
    rule: "the build of a manifest is one of its index",
    given: [runs, indexed(INDEX, MANIFEST), pushed("19 08:00", INDEX), built(MANIFEST, "new")],
    asked: { digest: INDEX },
  },
  {
    rule: "all that is against it is told at once",
    given: [runs, frozen("20 08:00"), marked("20 08:00", NEW, "bad")],
    reasons: ["frozen", "marked_bad", "unknown_to_registry", "no_commit"],
  },
]);

const needs = (...versions: readonly string[]) => [
  runs,
  pushed("19 08:00", NEW),
  built(NEW, "new", { requires: versions.map((version) => ({ database: "Billing", version })) }),
];
const dated = snapshot("21 08:00", "set", ["1", { version: "2", appliedAt: time("20 08:20") }]);
const atStartup = described({ migratesAtStartup: true });

cases("of schemas", [
  {
    rule: "a migration that was applied is enough",
    given: [...needs("2"), migration("applied", "20 08:00", "2")],
  },
  {
    rule: "later ones may be there",
    given: [...needs("2"), migration("applied", "20 08:00", "2"), migration("applied", "20 09:00", "3")],
  },
  {
    rule: "a set that has it is enough",
    given: [...needs("2"), snapshot("20 08:00", "set", ["1", "2", "3"])],
  },
  {
    rule: "a set that does not have it holds the image",
    given: [...needs("2"), snapshot("20 08:00", "set", ["1"])],
    reasons: ["schema_too_old"],
  },
  {
    rule: "a later version alone does not say that it is there",
    given: [...needs("2"), snapshot("20 08:00", "set", ["1", "3"])],
    reasons: ["schema_too_old"],
  },
  {
    rule: "one counts from its own time on, which a later set shows",
    given: [...needs("2"), snapshot("19 08:00", "set", ["1"]), dated],
    at: "20 08:30",
  },
  {
    rule: "one does not count before its own time",
    given: [...needs("2"), snapshot("19 08:00", "set", ["1"]), dated],
    at: "20 08:10",
    reasons: ["schema_too_old"],
  },
  {
    rule: "one applied after the set counts",
    given: [...needs("2"), snapshot("20 08:00", "set", ["1"]), migration("applied", "20 09:00", "2")],
  },
  {
    rule: "one reverted after the set does not",
    given: [...needs("2"), snapshot("20 08:00", "set", ["1", "2"]), migration("reverted", "20 09:00", "2")],
    reasons: ["schema_too_old"],
  },
  {
    rule: "one of several that is missing holds the image, once",
    given: [...needs("1", "2", "2"), snapshot("20 08:00", "set", ["1"])],
    reasons: ["schema_too_old"],
  },
  {
    rule: "an empty database holds the image",
    given: [...needs("2"), snapshot("20 08:00", "set", [])],
    reasons: ["schema_too_old"],
  },
  { rule: "the head that is there is enough", given: [...needs("2"), snapshot("20 08:00", "head", ["2"])] },
  {
    rule: "a head above it may have it below, and that is not known",
    given: [...needs("2"), snapshot("20 08:00", "head", ["3"])],
    warnings: ["schema_unknown"],
  },
  { rule: "a database that nobody spoke of is not known", given: needs("2"), warnings: ["schema_unknown"] },
  {
    rule: "what was applied in another environment does not count",
    given: [...needs("2"), migration("applied", "20 08:00", "2", { environment: "staging" })],
    warnings: ["schema_unknown"],
  },
  {
    rule: "as of before it was applied it was not there",
    given: [...needs("2"), snapshot("20 08:00", "set", ["1"]), migration("applied", "20 09:00", "2")],
    at: "20 08:59",
    reasons: ["schema_too_old"],
  },
  {
    rule: "a service that migrates when it starts is let through, and that is said",
    given: [...needs("2"), atStartup, snapshot("20 08:00", "set", ["1"])],
    warnings: ["migrates_at_startup"],
  },
  {
    rule: "an index needs what its manifest's build says",
    given: [
      runs,
      indexed(INDEX, MANIFEST),
      pushed("19 08:00", INDEX),
      built(MANIFEST, "new", { requires: [{ database: "billing", version: "2" }] }),
      snapshot("20 08:00", "set", ["1"]),
    ],
    asked: { digest: INDEX },
    reasons: ["schema_too_old"],
  },
]);

describe("what the gate says", () => {
  it("is about what was asked, and when", async () => {
    const asked = { environment: "PRODUCTION", service: "ACME/billing", digest: NEW };
    const answer = await ask(await given(...fine), { asked });
    expect(answer).toEqual({
      ...asked,
      at: time("31 12:00"),
      knownAt: "2027-01-01T00:00:00.000Z",
      settled: true,
      allowed: true,
      reasons: [],
      warnings: [],
    });
  });

  it("names who froze it, since when and why", async () => {
    const told = await given(
      ...fine,
      frozen("20 08:00", undefined, { actor: "hubot" }),
      frozen("20 09:00", "acme/billing", { actor: "octocat", reason: "a rollback" }),
    );
    expect((await ask(told, {})).reasons.map(({ message }) => message)).toEqual([
      "Production is frozen since 2026-10-20T08:00:00.000Z by hubot: holidays",
      "acme/billing in Production is frozen since 2026-10-20T09:00:00.000Z by octocat: a rollback",
    ]);
  });

  it("names which digest was marked, by whom and why", async () => {
    const told = await given(
      ...family,
      marked("20 08:00", MANIFEST, "bad", { actor: "hubot", reason: "slow" }),
    );
    expect((await ask(told, { asked: { digest: INDEX } })).reasons).toEqual([
      {
        code: "marked_bad",
        message: `${MANIFEST}, which is of the same image, was marked as bad at 2026-10-20T08:00:00.000Z by hubot: slow`,
      },
    ]);
  });
});
