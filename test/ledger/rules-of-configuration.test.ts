/** Configuration is part of a release: which one is in effect, and what a deployment of configuration alone changes. */
import { cases } from "./cases.ts";
import {
  built,
  CODE,
  component,
  deployment,
  image,
  main,
  observed,
  PLACE,
  partly,
  REPOSITORY,
  removed,
  sha,
  succeeded,
  task,
} from "./saying.ts";

const ONE = image("one");
const TWO = image("two");
const MANIFESTS = "https://github.com/acme/deploy";
const at = (name: string, path = "production") => ({
  repository: MANIFESTS,
  revision: sha(name),
  path,
});
const config = (...names: string[]) => ({ config: names.map((name) => at(name)) });
const by = (id: string) => ({ deployment: deployment(id) });
const runs = (digest: string, ...names: string[]) =>
  succeeded("08:00", [main({ digest, repository: REPOSITORY })], config(...names));
const { components: _, ...alone } = Object(succeeded("09:00", [main()], { ...config("b"), ...by("2") }));

cases("of a deployment that names no image", [
  {
    rule: "the images that run stay, and it is a release of its own",
    given: [runs(ONE, "a"), succeeded("09:00", [main()], { ...config("b"), ...by("2"), actor: "vault" })],
    answers: {
      components: [{ digest: ONE, resolvedBy: "digest" }],
      ...config("b"),
      deployment: deployment("2"),
      deployedBy: "vault",
      since: "09:00",
    },
  },
  {
    rule: "it needs to name no component",
    given: [runs(ONE, "a"), alone],
    answers: { components: [{ digest: ONE }], ...config("b"), since: "09:00" },
  },
  {
    rule: "its commit is the configuration's, not the service's",
    given: [
      succeeded("08:00", [main({ digest: ONE })], { commit: { repository: CODE, sha: sha("code") } }),
      { ...alone, commit: { repository: MANIFESTS, sha: sha("b") } },
    ],
    answers: { components: [{ digest: ONE, commit: { sha: sha("code") } }], warnings: [] },
  },
  {
    rule: "that holds where it names a component, too",
    given: [
      runs(ONE, "a"),
      succeeded("09:00", [main()], {
        ...config("b"),
        ...by("2"),
        commit: { repository: MANIFESTS, sha: sha("b") },
      }),
    ],
    answers: { components: [{ digest: ONE, commit: null }], ...config("b") },
  },
  {
    rule: "a commit from which an image was built is the service's, even if configuration has it as revision",
    given: [
      runs(ONE, "a"),
      built(TWO, "b", { commit: { repository: MANIFESTS, sha: sha("b") }, repository: REPOSITORY }),
      succeeded("09:00", [main()], {
        ...config("b"),
        ...by("2"),
        commit: { repository: MANIFESTS, sha: sha("b") },
      }),
    ],
    answers: {
      components: [{ digest: null, candidates: [{ digest: TWO, by: "commit" }] }],
      warnings: ["digest_unresolved"],
    },
  },
  {
    rule: "its tasks show images: then it is a deployment of these",
    given: [
      runs(ONE, "a"),
      succeeded("09:00", [main()], { ...config("b"), ...by("2") }),
      task("09:01", TWO, by("2")),
    ],
    answers: { components: [{ digest: TWO, resolvedBy: "task" }], ...config("b") },
  },
  {
    rule: "any number of them keeps the images, and each place has the newest revision",
    given: [
      runs(ONE, "a"),
      succeeded("09:00", [main()], { config: [at("b", "secrets")], ...by("2") }),
      succeeded("10:00", [main()], { ...config("c"), ...by("3") }),
      succeeded("11:00", [main()], { config: [at("d", "secrets")], ...by("4") }),
    ],
    answers: { components: [{ digest: ONE }], config: [at("d", "secrets"), at("c")], since: "11:00" },
  },
  {
    rule: "with a scope of components it keeps their images as well",
    given: [
      succeeded("08:00", [component("api", { digest: ONE }), component("web", { digest: TWO })]),
      succeeded("09:00", [component("web")], { ...config("b"), ...partly, ...by("2") }),
    ],
    answers: {
      components: [
        { component: "api", digest: ONE },
        { component: "web", digest: TWO },
      ],
      ...config("b"),
    },
  },
  {
    rule: "where nothing is known to run, something runs, and it is unknown what",
    given: [alone],
    answers: { components: [{ component: "main", digest: null }], warnings: ["digest_unresolved"] },
  },
  {
    rule: "after a removal nothing of before is kept",
    given: [runs(ONE, "a"), removed("08:30"), succeeded("09:00", [main()], { ...config("b"), ...by("2") })],
    answers: { components: [{ digest: null }], ...config("b"), warnings: ["digest_unresolved"] },
  },
  {
    rule: "a component that is removed after it leaves nothing, and no configuration",
    given: [runs(ONE, "a"), alone, removed("10:00", { ...PLACE, components: [main()], ...partly })],
    answers: { status: "removed", components: [], config: [], since: "10:00" },
  },
  {
    rule: "the next deployment of an image has its own configuration",
    given: [runs(ONE, "a"), alone, succeeded("10:00", [main({ digest: TWO })], by("3"))],
    answers: { components: [{ digest: TWO }], config: [] },
  },
]);

cases("of one place", [
  {
    rule: "there is one revision: the one that was observed last",
    given: [runs(ONE, "a"), observed("09:00", [main({ digest: ONE })], config("b"))],
    answers: { components: [{ digest: ONE }], ...config("b"), since: "09:00" },
  },
  {
    rule: "and the one that was deployed after that",
    given: [runs(ONE, "a"), observed("08:30", [main({ digest: ONE })], config("x")), alone],
    answers: { ...config("b"), since: "09:00" },
  },
  {
    rule: "a repository's name differs neither by case nor by .git",
    given: [
      runs(ONE, "a"),
      succeeded("09:00", [main()], {
        ...by("2"),
        config: [{ ...at("b"), repository: `${MANIFESTS.replace("acme", "Acme")}.git` }],
      }),
    ],
    answers: { config: [{ revision: sha("b") }] },
  },
  {
    rule: "components that were deployed by themselves have the newest, too",
    given: [
      succeeded("08:00", [component("api", { digest: ONE }), component("web", { digest: ONE })], config("a")),
      succeeded("09:00", [component("web", { digest: TWO })], { ...config("b"), ...partly, ...by("2") }),
    ],
    answers: config("b"),
  },
  {
    rule: "equal content at another revision is no other release",
    given: [
      succeeded("08:00", [main({ digest: ONE })], { config: [{ ...at("a"), digest: image("content") }] }),
      observed("09:00", [main({ digest: ONE })], { config: [{ ...at("b"), digest: image("content") }] }),
    ],
    answers: { config: [{ revision: sha("b") }], since: "08:00" },
  },
]);
