import { cases } from "./cases.ts";
import {
  built,
  committed,
  deployment,
  image,
  indexed,
  main,
  observed,
  pushed,
  REPOSITORY,
  removed,
  sha,
  succeeded,
  time,
} from "./saying.ts";

const OLD = image("old");
const NEW = image("new");
const second = { deployment: deployment("2") };
const sees = (at: string, digest: string, since?: string, more: object = {}) =>
  observed(at, [main({ digest })], { ...(since === undefined ? {} : { since: time(since) }), ...more });
const driftAt = (observedAt: string) => ({
  observedAt: time(observedAt),
  claimed: [{ component: "main", digest: NEW }],
  observed: [{ component: "main", digest: OLD }],
});

const runs = succeeded("08:00", [main({ digest: OLD })]);
/** Reported as successful, while the old tasks go on. */
const falseSuccess = [runs, sees("08:05", OLD, "08:00"), succeeded("12:10", [main({ digest: NEW })], second)];

cases("of a deployment that was reported as successful and never ran", [
  {
    rule: "a look past the grace shows what runs, with both digests",
    given: [...falseSuccess, sees("12:15", OLD, "08:00")],
    answers: {
      components: [{ digest: OLD }],
      since: "12:10",
      drift: driftAt("12:15"),
      warnings: ["tellers_contradict"],
      seenAt: time("12:15"),
    },
  },
  {
    rule: "so does a look that does not say since when",
    given: [...falseSuccess, sees("12:15", OLD)],
    answers: { components: [{ digest: OLD }], drift: driftAt("12:15"), warnings: ["tellers_contradict"] },
  },
  {
    rule: "a look within the grace leaves the rollout its time",
    given: [...falseSuccess, sees("12:14:59", OLD, "08:00")],
    answers: { components: [{ digest: NEW }], since: "12:10", drift: null, seenAt: time("12:14:59") },
  },
  {
    rule: "a look within the grace at what ran before, which does not say since when, does so, too",
    given: [...falseSuccess, sees("12:11", OLD)],
    answers: { components: [{ digest: NEW }], since: "12:10", until: null, drift: null },
  },
  {
    rule: "something else than what ran before is news at once",
    given: [...falseSuccess, sees("12:11", image("hotfix"))],
    answers: {
      components: [{ digest: image("hotfix") }],
      since: "12:11",
      drift: {},
      warnings: ["tellers_contradict"],
    },
  },
  {
    rule: "what began after the deployment is news at once",
    given: [...falseSuccess, sees("12:12", OLD, "12:11")],
    answers: {
      components: [{ digest: OLD }],
      since: "12:11",
      drift: driftAt("12:12"),
      warnings: ["tellers_contradict"],
    },
  },
  {
    rule: "a look speaks for the whole time since then, so nothing else ran in between",
    given: [...falseSuccess, sees("15:00", OLD, "08:00")],
    at: "13:00",
    answers: {
      components: [{ digest: OLD }],
      since: "12:10",
      drift: driftAt("15:00"),
      warnings: ["tellers_contradict"],
      seenAt: time("15:00"),
    },
  },
  {
    rule: "before the deployment the old one ran until it",
    given: [...falseSuccess, sees("12:15", OLD, "08:00")],
    at: "12:00",
    answers: { components: [{ digest: OLD }], since: "08:00", until: "12:10", drift: null },
  },
  {
    rule: "the rollout that ends late after all is the deployment",
    given: [...falseSuccess, sees("12:11", OLD, "08:00"), sees("12:20", NEW, "12:14")],
    answers: { components: [{ digest: NEW }], since: "12:10", until: null, drift: null },
  },
  {
    rule: "what still runs shortly after a removal is no drift",
    given: [runs, removed("10:00"), sees("10:01", OLD, "08:00")],
    answers: { status: "removed", since: "10:00", components: [], drift: null },
  },
  {
    rule: "nobody looked",
    given: [runs],
    answers: { seenAt: null },
  },
]);

cases("of looks at pods that started before their deployment was reported", [
  {
    rule: "they ran since they started, and the deployment since its report",
    given: [runs, succeeded("12:10", [main({ digest: NEW })], second), sees("12:15", NEW, "12:01")],
    at: "12:05",
    answers: { components: [{ digest: NEW }], since: "12:01", until: "12:10", drift: {} },
  },
  {
    rule: "what ran before ends when they start",
    given: [runs, succeeded("12:10", [main({ digest: NEW })], second), sees("12:15", NEW, "12:01")],
    at: "12:00",
    answers: { components: [{ digest: OLD }], until: "12:01" },
  },
  {
    rule: "of two looks at one moment the one at the younger state counts",
    given: [sees("12:00", OLD, "10:00"), sees("12:00", NEW, "11:00")],
    answers: { components: [{ digest: NEW }], since: "11:00" },
  },
  {
    rule: "before the younger state began the older one ran",
    given: [sees("12:00", NEW, "11:00"), sees("12:00", OLD, "10:00")],
    at: "10:30",
    answers: { components: [{ digest: OLD }], since: "10:00", until: "11:00" },
  },
]);

cases("of looks that contradict what ran since then", [
  {
    rule: "a look speaks from the look before it, where that one shows something else",
    given: [sees("10:00", OLD), sees("11:00", NEW, "09:00")],
    at: "09:30",
    answers: { status: "unknown", until: "10:00" },
  },
  {
    rule: "from then on it speaks",
    given: [sees("08:00", OLD), sees("10:00", OLD), sees("11:00", NEW, "09:00")],
    at: "10:30",
    answers: { components: [{ digest: NEW }], since: "10:00", until: null },
  },
  {
    rule: "until then the older one does",
    given: [sees("08:00", OLD), sees("10:00", OLD), sees("11:00", NEW, "09:00")],
    at: "09:30",
    answers: { components: [{ digest: OLD }], since: "08:00", until: "10:00" },
  },
]);

cases("of a look that was left out", [
  {
    rule: "it stays so where a later deployment names no image",
    given: [
      ...falseSuccess,
      sees("12:11", OLD),
      succeeded("12:30", [main()], { deployment: deployment("3") }),
    ],
    answers: { since: "12:30", components: [{ digest: null }], warnings: ["digest_unresolved"] },
  },
]);

const INDEX = image("index");
const OTHER_INDEX = image("other index");
const CHILD = image("child");
const ARM = image("arm");
const CONFIG = image("config");
const place = { repository: REPOSITORY };

cases("of a manifest that two indexes hold", [
  {
    rule: "seen, it explains the claim of one of them, and does not replace it",
    given: [
      indexed(INDEX, CHILD),
      indexed(OTHER_INDEX, CHILD),
      built(INDEX, "one"),
      built(OTHER_INDEX, "two"),
      pushed("07:00", OTHER_INDEX, { tag: "1.1" }),
      succeeded("08:00", [main({ ...place, tag: "1.1" })]),
      sees("08:05", CHILD),
    ],
    answers: {
      components: [
        {
          digest: OTHER_INDEX,
          reported: CHILD,
          resolvedBy: "tag",
          commit: { sha: sha("two"), evidence: "oidc" },
        },
      ],
      drift: null,
      warnings: [],
    },
  },
]);

const onTwoPlatforms = observed("08:05", [main({ digest: CHILD, otherDigests: [ARM] })]);

cases("of nodes of several platforms", [
  {
    rule: "what each of them reports is one image",
    given: [pushed("07:00", INDEX), indexed(INDEX, CHILD, ARM), onTwoPlatforms],
    answers: { components: [{ digest: INDEX, candidates: [] }] },
  },
  {
    rule: "they explain the claim of the index",
    given: [
      indexed(INDEX, CHILD, ARM),
      succeeded("08:00", [main({ digest: INDEX })], committed("c")),
      onTwoPlatforms,
    ],
    answers: {
      components: [{ digest: INDEX, commit: { sha: sha("c"), evidence: "deployment" } }],
      drift: null,
    },
  },
  {
    rule: "without an index that holds both, nobody knows which of them runs",
    given: [onTwoPlatforms],
    answers: {
      components: [
        {
          digest: null,
          candidates: [CHILD, ARM].sort().map((digest) => ({ digest, by: "digest" as const })),
        },
      ],
      warnings: ["digest_unresolved"],
    },
  },
]);

const bare = observed("08:05", [main({ digest: CONFIG, digestOf: "configuration" })]);
const deployed = succeeded("08:00", [main({ ...place, digest: INDEX })], committed("c"));

cases("of the digest of a configuration", [
  {
    rule: "which nobody relates to an image, it contradicts no claim and stands beside it",
    given: [indexed(INDEX, CHILD), deployed, bare],
    answers: {
      components: [{ digest: INDEX, reported: CONFIG, commit: { sha: sha("c"), evidence: "deployment" } }],
      drift: null,
      until: null,
    },
  },
  {
    rule: "before it is seen the claim runs on",
    given: [indexed(INDEX, CHILD), deployed, bare],
    at: "08:01",
    answers: { components: [{ digest: INDEX }], until: null },
  },
  {
    rule: "which an index relates to another image, it is drift",
    given: [
      pushed("07:00", OTHER_INDEX),
      indexed(OTHER_INDEX, { digest: CHILD, configDigest: CONFIG }),
      deployed,
      { ...bare, occurredAt: time("09:00") },
    ],
    answers: { components: [{ digest: OTHER_INDEX }], drift: {} },
  },
  {
    rule: "which an index relates to the image of the claim, it agrees",
    given: [indexed(INDEX, { digest: CHILD, configDigest: CONFIG }), deployed, bare],
    answers: { components: [{ digest: INDEX, reported: CONFIG }], drift: null },
  },
]);
