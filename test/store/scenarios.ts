/** Services whose release is asked for: one for each way that an image is found, with as much history as is wanted. */
import type { Statement } from "../../schemas/fact.ts";
import { day, digestOf, removed, said, shaOf } from "../ledger/given.ts";
import {
  CHILD,
  CONFIG,
  END,
  ENVIRONMENT,
  effect,
  HERE,
  IMAGE,
  idOf,
  LATEST,
  latest,
  main,
  minute,
  PART,
  parts,
  pushed,
  REPOSITORY,
  ran,
  renamed,
  seen,
  shownRows,
  task,
  times,
} from "./told.ts";

export interface Scenario {
  readonly what: string;
  /** What was said beside what every service has, with so many facts of each kind that a history grows by. */
  readonly told: (n: number) => readonly Statement[];
  /** What the release has to show: each component, how it was resolved, and the image. */
  readonly shows: readonly string[];
  /** Sequential round trips until it is known which components ran, and which digests were named. */
  readonly known: number;
}

const scenario = (
  what: string,
  shows: string | readonly string[],
  told: (n: number) => readonly Statement[],
  known = 1,
): Scenario => ({
  what,
  told,
  shows: typeof shows === "string" ? [shows] : shows,
  known,
});

const OTHER = "main: digest other";

export const SCENARIOS: readonly Scenario[] = [
  scenario("by digest", "main: digest image", () => ran(main({ digest: IMAGE }))),
  scenario("by the digest of an index's child", "main: digest image", () => ran(main({ digest: CHILD }))),
  scenario("by a config's digest", "main: digest image", () => ran(main({ digest: CONFIG }))),
  scenario(
    "by digest, in ten components",
    Array.from({ length: 10 }, (_, i) => `c${i}: digest image`),
    () =>
      ran(
        Array.from({ length: 10 }, (_, i) => ({ component: `c${i}`, digest: i % 2 === 0 ? CHILD : CONFIG })),
      ),
  ),
  scenario("by tag, without a start", "main: tag image", () => [
    effect("deployment.succeeded", END, main({ repository: REPOSITORY, tag: "1.4" })),
  ]),
  scenario("by tag, with a start", "main: tag image", () =>
    ran(main({ repository: REPOSITORY, tag: "1.4" })),
  ),
  scenario("by tag, without a repository", "main: tag image", () => ran(main({ tag: "1.4" }))),
  scenario("by a tag that moves again and again", "main: tag image", (n) => [
    ...latest(n),
    ...ran(main(LATEST)),
  ]),
  scenario("by tag, in a repository that was renamed before and since", "main: tag image", (n) => [
    ...latest(n),
    renamed(day(19, "18:00"), REPOSITORY, `${REPOSITORY}/then`),
    ...ran(main({ repository: `${REPOSITORY}/then`, tag: "latest" })),
    renamed(day(21), `${REPOSITORY}/then`, `${REPOSITORY}/now`),
  ]),
  scenario("by commit", "main: commit image", () =>
    ran(main({ repository: REPOSITORY }), { commit: { sha: shaOf("image") } }),
  ),
  scenario(
    "by commit, of a deployment that names no image",
    "main: commit image",
    () => ran(main(), { commit: { sha: shaOf("image") } }),
    2,
  ),
  scenario("by tasks", "web: task image", (n) => [
    ...ran([{ component: "web" }]),
    ...times(n, (i) => [task(minute(20, i), "web", CHILD), task(minute(21, i), "web", CHILD)]),
  ]),
  scenario(
    "by tasks that name the components",
    ["web: task image", "worker: task image"],
    (n) => [
      ...ran(main()),
      ...times(n, (i) => [task(minute(20, i), "web", CHILD), task(minute(20, i), "worker", CONFIG)]),
    ],
    3,
  ),
  scenario("by an observation that agrees", "main: digest image", (n) => [
    ...ran(main({ digest: IMAGE })),
    ...seen(n, "image amd64"),
  ]),
  scenario("by an observation with drift", "main: digest image", (n) => [
    ...ran(main({ digest: digestOf("other") })),
    ...seen(n, "image amd64"),
  ]),
  scenario("by an observation with drift from a tag", "main: digest image", (n) => [
    ...ran(main({ repository: REPOSITORY, tag: "1.3" })),
    ...seen(n, "image amd64"),
  ]),
  scenario(
    "by the tag of a part, at an index's child",
    [OTHER, "web: tag image"],
    (n) => [...parts(n), ...latest(n), ...ran([{ component: "web", ...LATEST }], PART)],
    2,
  ),
  scenario(
    "by the commit of a part",
    [OTHER, "web: commit image"],
    (n) => [...parts(n), ...ran([{ component: "web" }], { ...PART, commit: { sha: shaOf("image") } })],
    2,
  ),
  scenario(
    "by the tasks of a part",
    [OTHER, "web: task image"],
    (n) => [
      ...parts(n),
      ...ran([{ component: "web" }], PART),
      ...times(n, (i) => [task(minute(20, i), "web", CHILD, idOf("part"))]),
    ],
    2,
  ),
  scenario("by digest, with a delete of unknown extent", OTHER, () => [
    ...ran(main({ digest: digestOf("other amd64") })),
    said("artifact.deleted", day(21), {
      repository: REPOSITORY,
      digest: digestOf("other"),
      what: "unknown",
    }),
  ]),
  scenario(
    "by the commit of a part that names no image",
    "main: commit image",
    (n) => [...parts(n), ...ran(main(), { ...PART, commit: { sha: shaOf("image") } })],
    3,
  ),
  scenario("by commit, where the tag is not known", "main: commit image", () =>
    ran(main({ repository: REPOSITORY, tag: "lost" }), { commit: { sha: shaOf("image") } }),
  ),
  scenario(
    "by the commit of a part, where the tag is not known",
    [OTHER, "web: commit image"],
    (n) => [
      ...parts(n),
      ...ran([{ component: "web", tag: "lost" }], { ...PART, commit: { sha: shaOf("image") } }),
    ],
    2,
  ),
  scenario(
    "by the tag of a part, with a delete of unknown extent",
    [OTHER, "web: tag other"],
    (n) => [
      ...parts(n),
      pushed(day(19), "other amd64", "amd64"),
      ...ran([{ component: "web", repository: REPOSITORY, tag: "amd64" }], PART),
      said("artifact.deleted", day(21), {
        repository: REPOSITORY,
        digest: digestOf("other"),
        what: "unknown",
      }),
    ],
    2,
  ),
  scenario(
    "by the tag of a part in a renamed repository, with a delete of unknown extent",
    [OTHER, "web: tag other"],
    (n) => [
      ...parts(n),
      pushed(day(19), "other amd64", "amd64"),
      renamed(day(19, "18:00"), REPOSITORY, `${REPOSITORY}/then`),
      ...ran([{ component: "web", repository: `${REPOSITORY}/then`, tag: "amd64" }], PART),
      said("artifact.deleted", day(21), {
        repository: `${REPOSITORY}/then`,
        digest: digestOf("other"),
        what: "unknown",
      }),
    ],
    2,
  ),
  scenario("with a database by snapshots that say when", "main: digest image", (n) => [
    ...ran(main({ digest: IMAGE })),
    ...times(n, (i) => [
      shownRows(minute(20, i), { appliedAt: day(3) }),
      shownRows(minute(21, i), { appliedAt: day(3) }),
    ]),
  ]),
  scenario("with a database by snapshots of which a later one says when", "main: digest image", (n) => [
    ...ran(main({ digest: IMAGE })),
    ...times(n, (i) => [shownRows(minute(18, i), {}, "0"), shownRows(minute(22, i), { appliedAt: day(19) })]),
  ]),
  scenario("with a database by snapshots that do not say when", "main: digest image", (n) => [
    ...ran(main({ digest: IMAGE })),
    ...times(n, (i) => [shownRows(minute(20, i), {}), shownRows(minute(21, i), {})]),
  ]),
  scenario("of a removed service", [], () => [
    ...ran(main({ digest: IMAGE })),
    removed(ENVIRONMENT, HERE.service, day(20, "09:00")),
  ]),
  scenario("of a removed environment", [], () => [
    ...ran(main({ digest: IMAGE })),
    removed(ENVIRONMENT, undefined, day(20, "09:00")),
  ]),
];
