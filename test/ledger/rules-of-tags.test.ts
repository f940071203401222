import type { Candidate } from "../../schemas/answer.ts";
import { cases, type Expected } from "./cases.ts";
import {
  deployment,
  described,
  failed,
  image,
  main,
  pushed,
  REPOSITORY,
  started,
  succeeded,
  task,
} from "./saying.ts";

const MIRROR = "mirror.example/acme/billing";
const OLD = image("old");
const NEW = image("new");
const tag = "1.4";
const tagged = { tag };

const components = [main({ tag, repository: REPOSITORY })];
const begins = started("08:10", components);
const ends = succeeded("08:12", components);
const deploys = [begins, ends];

const old = pushed("19 10:00", OLD, tagged);
const moved = (at: string) => [old, pushed(at, NEW, tagged)];

const candidate = (digest: string, repository = REPOSITORY): Candidate => ({ digest, repository, by: "tag" });
const byTag = (digest: string, repository = REPOSITORY): Expected => ({
  components: [{ digest, repository, resolvedBy: "tag", candidates: [], image: `${repository}@${digest}` }],
});
const between = (...candidates: readonly Candidate[]): Expected => ({
  status: "running",
  components: [{ digest: null, image: null, resolvedBy: "none", candidates }],
  warnings: ["digest_unresolved"],
});
const bySorted = (a: string, b: string) => [a, b].sort();
const either = between(...bySorted(OLD, NEW).map((digest) => candidate(digest)));

cases("of a tag that was deployed", [
  { rule: "it is what it pointed at", given: [old, ...deploys], answers: byTag(OLD) },
  {
    rule: "it is what it pointed at when the deployment started, not what it points at now",
    given: [...moved("08:13"), ...deploys],
    answers: byTag(OLD),
  },
  {
    rule: "moved between start and result, both are candidates and none is chosen",
    given: [...moved("08:11"), ...deploys],
    answers: either,
  },
  {
    rule: "moved at the moment of the start, both are candidates",
    given: [...moved("08:10"), ...deploys],
    answers: either,
  },
  {
    rule: "moved at the moment of the result, both are candidates",
    given: [...moved("08:12"), ...deploys],
    answers: either,
  },
  {
    rule: "moved less than a minute before the start, both are candidates",
    given: [...moved("08:09:00.001"), ...deploys],
    answers: either,
  },
  {
    rule: "moved a minute before the start, it is what it was moved to",
    given: [...moved("08:09"), ...deploys],
    answers: byTag(NEW),
  },
  {
    rule: "moved long before the start, it is what it was moved to",
    given: [...moved("07:00"), ...deploys],
    answers: byTag(NEW),
  },
  {
    rule: "moved away and back within the window, both are candidates",
    given: [...moved("08:11"), pushed("08:11:30", OLD, tagged), ...deploys],
    answers: either,
  },
  {
    rule: "pushed again with the same digest within the window, it did not move",
    given: [old, pushed("08:11", OLD, tagged), ...deploys],
    answers: byTag(OLD),
  },
  {
    rule: "first pushed within the minute before the start, it is what was pushed",
    given: [pushed("08:09:30", NEW, tagged), ...deploys],
    answers: byTag(NEW),
  },
  {
    rule: "first pushed only after the start, what was pushed is only a candidate",
    given: [pushed("08:11", NEW, tagged), ...deploys],
    answers: between(candidate(NEW)),
  },
  {
    rule: "first pushed after the result, nothing is known and nothing is named",
    given: [pushed("08:13", NEW, tagged), ...deploys],
    answers: between(),
  },
  {
    rule: "another tag of the repository, or this one elsewhere, has no say",
    given: [
      old,
      pushed("08:11", NEW, { tag: "1.5" }),
      pushed("08:11", NEW, { tag, repository: MIRROR }),
      ...deploys,
    ],
    answers: byTag(OLD),
  },
  {
    rule: "a digest that was named beside it counts more",
    given: [...moved("08:11"), succeeded("08:12", [main({ tag, repository: REPOSITORY, digest: OLD })])],
    answers: { components: [{ digest: OLD, resolvedBy: "digest" }] },
  },
  {
    rule: "what a task showed counts more",
    given: [...moved("08:11"), ...deploys, task("08:11:40", NEW)],
    answers: { components: [{ digest: NEW, resolvedBy: "task", repository: REPOSITORY }] },
  },
]);

const other = { service: "acme/web" };

cases("of the start of a deployment of a tag", [
  {
    rule: "not known, the result stands for it, and an earlier move counts",
    given: [...moved("08:10:30"), ends],
    answers: byTag(NEW),
  },
  {
    rule: "not known, a move within the minute before the result leaves both",
    given: [...moved("08:11:01"), ends],
    answers: either,
  },
  {
    rule: "of another deployment, or of another service under the same id, it is not this one's",
    given: [
      ...moved("08:10:30"),
      started("08:00", components, { deployment: deployment("2") }),
      failed("08:01", components, { deployment: deployment("2") }),
      started("08:00", components, other),
      ends,
    ],
    answers: byTag(NEW),
  },
  {
    rule: "told twice, the first counts",
    given: [...moved("08:09:30"), started("08:09", components), ...deploys],
    answers: either,
  },
  {
    rule: "said to be after the result, the result stands for it",
    given: [old, pushed("08:12:30", NEW, tagged), started("08:13", components), ends],
    answers: byTag(OLD),
  },
]);

const bare = [main({ tag })];
const deploysBare = [started("08:10", bare), succeeded("08:12", bare)];
const two = described({ images: [REPOSITORY, MIRROR] });
const mirrored = (at: string, digest: string) => pushed(at, digest, { tag, repository: MIRROR });

cases("of a tag without a repository", [
  {
    rule: "where no repository of the service is known, nothing is named",
    given: [old, ...deploysBare],
    answers: between(),
  },
  {
    rule: "it is looked for in the repository that the service is described with",
    given: [described({ images: [MIRROR] }), old, mirrored("19 11:00", NEW), ...deploysBare],
    answers: byTag(NEW, MIRROR),
  },
  {
    rule: "it is what it pointed at in the only one of several repositories that has it",
    given: [two, mirrored("19 11:00", NEW), ...deploysBare],
    answers: byTag(NEW, MIRROR),
  },
  {
    rule: "in several repositories it leaves each one's digest as a candidate",
    given: [two, old, mirrored("19 11:00", NEW), ...deploysBare],
    answers: between(
      ...[candidate(OLD), candidate(NEW, MIRROR)].sort((a, b) => (a.digest < b.digest ? -1 : 1)),
    ),
  },
  {
    rule: "with the same digest in several repositories, only which of them served it is not told",
    given: [two, old, mirrored("19 11:00", OLD), ...deploysBare],
    answers: {
      components: [
        {
          digest: OLD,
          resolvedBy: "tag",
          repository: null,
          image: null,
          heldBy: [{ repository: REPOSITORY }, { repository: MIRROR }],
        },
      ],
    },
  },
  {
    rule: "that moved in one of several repositories leaves both digests as candidates",
    given: [two, ...moved("08:11"), mirrored("19 11:00", OLD), ...deploysBare],
    answers: between(
      ...[candidate(OLD), candidate(OLD, MIRROR), candidate(NEW)].sort((a, b) =>
        `${a.digest} ${a.repository}` < `${b.digest} ${b.repository}` ? -1 : 1,
      ),
    ),
  },
]);

const latest = { tag: "latest" };
const nightly = ["18", "19", "20", "21"].map((day) => ({
  day,
  digest: image(`latest of ${day}`),
}));
const days = nightly.flatMap(({ day, digest }, n) => {
  const from = [main({ repository: REPOSITORY, tag: "latest" })];
  const run = { deployment: deployment(`nightly ${n}`) };
  return [
    pushed(`${day} 03:00`, digest, latest),
    started(`${day} 08:10`, from, run),
    succeeded(`${day} 08:12`, from, run),
    failed(`${day} 12:00`, from, { deployment: deployment(`failed ${n}`) }),
  ];
});

cases("of a tag `latest` that moves every day", [
  ...nightly.map(({ day, digest }) => ({
    rule: `on ${day} October it is that day's image`,
    given: days,
    at: `${day} 13:00`,
    answers: {
      since: `${day} 08:12`,
      attempt: { status: "failed" as const },
      components: [{ digest, tags: ["latest"], resolvedBy: "tag" as const }],
    },
  })),
  {
    rule: "before the deployment of the day it is still the image of the day before",
    given: days,
    at: "20 05:00",
    answers: {
      since: "19 08:12",
      until: "20 08:12",
      attempt: { status: "failed" },
      components: [{ digest: image("latest of 19") }],
    },
  },
]);

cases(
  "of the names that Docker Hub has",
  ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"].flatMap((host) =>
    [
      ["acme/billing", "acme/billing"],
      ["library/nginx", "nginx"],
      ["nginx", "library/nginx"],
    ].map(([pushedTo, deployedFrom]) => ({
      rule: `${host}/${deployedFrom} is docker.io/${pushedTo}`,
      given: [
        pushed("19 10:00", OLD, { ...tagged, repository: `docker.io/${pushedTo}` }),
        succeeded("08:12", [main({ tag, repository: `${host}/${deployedFrom}` })]),
      ],
      answers: {
        components: [
          {
            digest: OLD,
            repository: `docker.io/${pushedTo?.includes("/") === true ? pushedTo : `library/${pushedTo}`}`,
          },
        ],
      },
    })),
  ),
);
