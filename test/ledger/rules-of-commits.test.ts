import { cases, type Expected } from "./cases.ts";
import {
  built,
  CODE,
  committed,
  component,
  described,
  image,
  indexed,
  main,
  pushed,
  REPOSITORY,
  sha,
  succeeded,
} from "./saying.ts";

const WEB = "ghcr.io/acme/web";
const INDEX = image("index");
const AMD64 = image("amd64");
const WEB_IMAGE = image("web");

const at = (components: readonly object[], more: object = {}) =>
  succeeded("08:11", components, { ...committed("c"), ...more });
const inOwn = built(INDEX, "c", { repository: REPOSITORY });
const inOwnAgain = built(INDEX, "c", { repository: REPOSITORY });
const inWeb = built(WEB_IMAGE, "c", { repository: WEB });
const own = described({ images: [REPOSITORY] });

const byCommit = (digest: string, repository: string | null): Expected => ({
  components: [{ digest, repository, resolvedBy: "commit", candidates: [], commit: { sha: sha("c") } }],
});
const unresolved = (...candidates: readonly { digest: string; repository?: string }[]): Expected => ({
  status: "running",
  components: [
    {
      digest: null,
      resolvedBy: "none",
      candidates: candidates
        .map((one) => ({ ...one, by: "commit" as const }))
        .sort((a, b) => (a.digest < b.digest ? -1 : 1)),
      commit: { repository: CODE, sha: sha("c"), evidence: "deployment" },
    },
  ],
  warnings: ["digest_unresolved"],
});

cases("of a deployment that names only its commit", [
  {
    rule: "it is the image built from it in the repository that the component names",
    given: [inOwn, inWeb, at([main({ repository: REPOSITORY })])],
    answers: byCommit(INDEX, REPOSITORY),
  },
  {
    rule: "it is the image built from it in the repository that the service is described with",
    given: [inOwn, inWeb, own, at([main()])],
    answers: byCommit(INDEX, REPOSITORY),
  },
  {
    rule: "it is the image built from it in the repository that a naming rule sets",
    given: [inOwn, inWeb, at([main()])],
    under: [{ match: { service: "acme/billing", component: "main" }, set: { repository: REPOSITORY } }],
    answers: byCommit(INDEX, REPOSITORY),
  },
  {
    rule: "a repository that the service is described with twice is one repository",
    given: [
      built(INDEX, "c"),
      pushed("19 10:00", INDEX),
      described({ images: [REPOSITORY, REPOSITORY] }),
      at([main()]),
    ],
    answers: byCommit(INDEX, REPOSITORY),
  },
  {
    rule: "the repository that the component names counts more than the description",
    given: [inOwn, inWeb, own, at([main({ repository: WEB })])],
    answers: byCommit(WEB_IMAGE, WEB),
  },
  {
    rule: "each component of a monorepo has its own repository, and its own image",
    given: [
      inOwn,
      inWeb,
      at([component("api", { repository: REPOSITORY }), component("web", { repository: WEB })]),
    ],
    answers: {
      components: [
        { component: "api", digest: INDEX },
        { component: "web", digest: WEB_IMAGE },
      ],
    },
  },
  {
    rule: "of several repositories of the service, it is in the one that it was built into",
    given: [inWeb, described({ images: [REPOSITORY, WEB] }), at([main()])],
    answers: byCommit(WEB_IMAGE, WEB),
  },
  {
    rule: "built into several repositories of the service, it is one image, and its repository is open",
    given: [
      inOwn,
      built(INDEX, "c", { repository: WEB }),
      described({ images: [REPOSITORY, WEB] }),
      at([main()]),
    ],
    answers: byCommit(INDEX, null),
  },
  {
    rule: "a description told later counts, where there was none",
    given: [inOwn, inWeb, at([main()]), described({ images: [REPOSITORY] }, "25 09:00")],
    at: "21 00:00",
    answers: byCommit(INDEX, REPOSITORY),
  },
  {
    rule: "a build that was told only after the deployment counts",
    given: [{ ...inOwn, occurredAt: "2026-10-25T00:00:00.000Z" }, own, at([main()])],
    at: "21 00:00",
    answers: byCommit(INDEX, REPOSITORY),
  },
  {
    rule: "a tag that was never pushed leaves it to the commit",
    given: [inOwn, at([main({ tag: "1.4", repository: REPOSITORY })])],
    answers: byCommit(INDEX, REPOSITORY),
  },
]);

cases("of an image that was built into one repository and copied to another", [
  {
    rule: "a push of its digest proves that the component's repository holds it",
    given: [inWeb, pushed("19 10:00", WEB_IMAGE), at([main({ repository: REPOSITORY })])],
    answers: byCommit(WEB_IMAGE, REPOSITORY),
  },
  {
    rule: "a push of its digest into a repository that the service is described with proves it, too",
    given: [inWeb, pushed("19 10:00", WEB_IMAGE), own, at([main()])],
    answers: byCommit(WEB_IMAGE, REPOSITORY),
  },
  {
    rule: "a push of the index that lists it proves it",
    given: [
      built(AMD64, "c", { repository: WEB }),
      indexed(INDEX, AMD64),
      pushed("19 10:00", INDEX),
      at([main({ repository: REPOSITORY })]),
    ],
    answers: {
      components: [{ digest: INDEX, reported: AMD64, repository: REPOSITORY, resolvedBy: "commit" }],
    },
  },
  {
    rule: "a push of a manifest does not prove that the index is there",
    given: [
      built(INDEX, "c", { repository: WEB }),
      indexed(INDEX, AMD64),
      pushed("19 10:00", AMD64),
      at([main({ repository: REPOSITORY })]),
    ],
    answers: unresolved(),
  },
  {
    rule: "an image that was built into the component's repository counts more than one copied there",
    given: [inOwn, inWeb, pushed("19 10:00", WEB_IMAGE), at([main({ repository: REPOSITORY })])],
    answers: byCommit(INDEX, REPOSITORY),
  },
  {
    rule: "two that were copied there are candidates",
    given: [
      inWeb,
      built(AMD64, "c", { repository: WEB }),
      pushed("19 10:00", WEB_IMAGE),
      pushed("19 10:00", AMD64),
      at([main({ repository: REPOSITORY })]),
    ],
    answers: unresolved({ digest: WEB_IMAGE, repository: WEB }, { digest: AMD64, repository: WEB }),
  },
]);

cases("of a commit that does not tell the image", [
  {
    rule: "the tag that its deployment names is still shown",
    given: [own, at([main({ tag: "1.4" })])],
    answers: { components: [{ digest: null, tags: ["1.4"] }], warnings: ["digest_unresolved"] },
  },
  {
    rule: "built only as other services' images, all of them are candidates",
    given: [
      built(INDEX, "c", { repository: REPOSITORY, service: "acme/billing/api" }),
      built(WEB_IMAGE, "c", { repository: WEB, service: "acme/billing/web" }),
      at([main()]),
    ],
    answers: unresolved({ digest: INDEX, repository: REPOSITORY }, { digest: WEB_IMAGE, repository: WEB }),
  },
  {
    rule: "without a repository of its own, it is the image that was built as this service's",
    given: [
      built(INDEX, "c", { repository: REPOSITORY, service: "Acme/Billing" }),
      built(WEB_IMAGE, "c", { repository: WEB, service: "acme/web" }),
      built(AMD64, "c", { repository: WEB }),
      at([main()]),
    ],
    answers: byCommit(INDEX, REPOSITORY),
  },
  {
    rule: "without a repository of its own, the images built as other services' are candidates, too",
    given: [inOwn, built(WEB_IMAGE, "c", { repository: WEB, service: "acme/web" }), at([main()])],
    answers: unresolved({ digest: INDEX, repository: REPOSITORY }, { digest: WEB_IMAGE, repository: WEB }),
  },
  {
    rule: "with two images built as this service's, both are candidates",
    given: [
      built(INDEX, "c", { repository: REPOSITORY, service: "acme/billing" }),
      built(WEB_IMAGE, "c", { repository: WEB, service: "acme/billing" }),
      at([main()]),
    ],
    answers: unresolved({ digest: INDEX, repository: REPOSITORY }, { digest: WEB_IMAGE, repository: WEB }),
  },
  {
    rule: "its own repository counts more than whose image it was built as",
    given: [
      inOwn,
      built(WEB_IMAGE, "c", { repository: WEB, service: "acme/billing" }),
      at([main({ repository: REPOSITORY })]),
    ],
    answers: byCommit(INDEX, REPOSITORY),
  },
  {
    rule: "without a repository of its own, what was built from it is only a candidate",
    given: [inOwn, at([main()])],
    answers: unresolved({ digest: INDEX, repository: REPOSITORY }),
  },
  {
    rule: "without a repository of its own, every image of it is a candidate",
    given: [inOwn, inWeb, built(AMD64, "c"), at([main()])],
    answers: unresolved(
      { digest: INDEX, repository: REPOSITORY },
      { digest: WEB_IMAGE, repository: WEB },
      { digest: AMD64 },
    ),
  },
  {
    rule: "without a repository of its own, an image in two repositories is a candidate of each",
    given: [built(INDEX, "c", { repository: WEB }), inOwn, inOwnAgain, at([main()])],
    answers: unresolved({ digest: INDEX, repository: REPOSITORY }, { digest: INDEX, repository: WEB }),
  },
  {
    rule: "built only elsewhere, nothing is a candidate",
    given: [inWeb, own, at([main()])],
    answers: unresolved(),
  },
  { rule: "never built, nothing is a candidate", given: [own, at([main()])], answers: unresolved() },
  {
    rule: "another commit's image is none of it",
    given: [built(INDEX, "another", { repository: REPOSITORY }), own, at([main()])],
    answers: unresolved(),
  },
  {
    rule: "built twice into its repository, both images are candidates",
    given: [inOwn, built(AMD64, "c", { repository: REPOSITORY }), own, at([main()])],
    answers: unresolved({ digest: INDEX, repository: REPOSITORY }, { digest: AMD64, repository: REPOSITORY }),
  },
  {
    rule: "not named at all, nothing is a candidate and no commit is answered",
    given: [inOwn, own, succeeded("08:11", [main()])],
    answers: {
      components: [{ digest: null, resolvedBy: "none", candidates: [], commit: null }],
      warnings: ["digest_unresolved"],
    },
  },
]);

const forty = Array.from({ length: 40 }, (_, n) =>
  built(image(`image ${n}`), "c", { repository: `ghcr.io/acme/image-${n}` }),
);

cases("of a commit with forty images", [
  {
    rule: "it is the one in the component's own repository",
    given: [...forty, at([main({ repository: "ghcr.io/acme/image-17" })])],
    answers: byCommit(image("image 17"), "ghcr.io/acme/image-17"),
  },
  {
    rule: "without a repository of its own all forty are candidates",
    given: [...forty, at([main()])],
    answers: unresolved(
      ...forty.map((_, n) => ({ digest: image(`image ${n}`), repository: `ghcr.io/acme/image-${n}` })),
    ),
  },
]);

const twin = `${sha("c").slice(0, 7)}${"0".repeat(33)}`;
const ofTwin = (digest: string) =>
  built(digest, "c", { repository: REPOSITORY, commit: { repository: CODE, sha: twin } });

cases("of a commit that is named short", [
  {
    rule: "it is the image of the commit that begins so",
    given: [inOwn, own, at([main()], { commit: { sha: sha("c").slice(0, 7) } })],
    answers: byCommit(INDEX, REPOSITORY),
  },
  {
    rule: "it fits two commits, so both images are candidates",
    given: [inOwn, ofTwin(AMD64), own, at([main()], { commit: { sha: sha("c").slice(0, 7) } })],
    answers: {
      components: [{ digest: null, candidates: [{}, {}], commit: { sha: sha("c").slice(0, 7) } }],
      warnings: ["digest_unresolved"],
    },
  },
  {
    rule: "a digit more tells two commits apart",
    given: [inOwn, ofTwin(AMD64), own, at([main()], { commit: { sha: sha("c").slice(0, 12) } })],
    answers: byCommit(INDEX, REPOSITORY),
  },
]);

cases("of an image of a commit that is several digests, or in no repository yet", [
  {
    rule: "an index and its manifest, both built from it, are one image",
    given: [inOwn, built(AMD64, "c", { repository: REPOSITORY }), indexed(INDEX, AMD64), own, at([main()])],
    answers: byCommit(INDEX, REPOSITORY),
  },
  {
    rule: "built without a repository, it counts where it was pushed into the own one",
    given: [built(INDEX, "c"), pushed("25 10:00", INDEX), own, at([main()])],
    answers: byCommit(INDEX, REPOSITORY),
  },
  {
    rule: "built without a repository, it does not count where it was pushed elsewhere",
    given: [built(INDEX, "c"), pushed("19 10:00", INDEX, { repository: WEB }), own, at([main()])],
    answers: unresolved(),
  },
  {
    rule: "built without a repository and never pushed, it does not count",
    given: [built(INDEX, "c"), own, at([main()])],
    answers: unresolved(),
  },
]);
