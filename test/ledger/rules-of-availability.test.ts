import type { Availability } from "../../schemas/answer.ts";
import { cases, type Expected } from "./cases.ts";
import {
  built,
  CODE,
  deleted,
  image,
  indexed,
  main,
  pushed,
  REPOSITORY,
  restored,
  sha,
  succeeded,
} from "./saying.ts";

const MIRROR = "mirror.example/acme/billing";
const INDEX = image("index");
const AMD64 = image("amd64");
const OTHER = image("other");
const digest = INDEX;

const runs = succeeded("08:00", [main({ digest, repository: REPOSITORY })]);
const from = (at: string, tag: string) => pushed(at, digest, { tag });
const was = from("07:00", "1.4");
const is = (availability: Availability, more: object = {}): Expected => ({
  components: [{ availability, heldBy: [{ repository: REPOSITORY, availability }], ...more }],
});
const ofAll = (at: string) => deleted(at, "unknown", { digest });

cases("of an image in a repository", [
  {
    rule: "never pushed there as far as is known, it is not known to be available",
    given: [runs],
    answers: { components: [{ availability: "unknown", heldBy: [], pushedAt: null, tags: [] }] },
  },
  { rule: "pushed, it is available", given: [was, runs], answers: is("available") },
  {
    rule: "pushed without a tag, it is available",
    given: [pushed("07:00", digest), runs],
    answers: is("available", { tags: [] }),
  },
  {
    rule: "pushed several times, it is there since the first, under the tags given by then",
    given: [from("07:30", "latest"), was, from("09:00", "stable"), runs],
    at: "08:30",
    answers: is("available", { pushedAt: "2026-10-20T07:00:00.000Z", tags: ["1.4", "latest"] }),
  },
  {
    rule: "deleted, it is not available",
    given: [was, runs, deleted("09:00", "manifest", { digest })],
    answers: is("deleted"),
  },
  {
    rule: "deleted later than the moment asked about, it cannot be pulled today either",
    given: [was, runs, deleted("09:00", "manifest", { digest })],
    at: "08:30",
    answers: is("deleted"),
  },
  {
    rule: "not yet known to be deleted, it was believed to be available",
    given: [was, runs, deleted("09:00", "manifest", { digest })],
    at: "08:30",
    knownAt: "08:59",
    answers: is("available"),
  },
  {
    rule: "deleted and restored, it is available",
    given: [was, deleted("09:00", "manifest", { digest }), restored("10:00", "manifest", { digest }), runs],
    answers: is("available"),
  },
  {
    rule: "restored without ever a push, it is available",
    given: [restored("10:00", "manifest", { digest }), runs],
    answers: is("available", { pushedAt: null }),
  },
  {
    rule: "deleted and pushed again, it is available",
    given: [was, deleted("09:00", "manifest", { digest }), from("10:00", "1.4"), runs],
    answers: is("available", { pushedAt: "2026-10-20T07:00:00.000Z" }),
  },
  {
    rule: "its tag deleted, it is still available by its digest",
    given: [was, deleted("09:00", "tag", { digest, tag: "1.4" }), runs],
    answers: is("available"),
  },
  {
    rule: "its tag restored, the deleted manifest is not back",
    given: [
      was,
      deleted("09:00", "manifest", { digest }),
      restored("10:00", "tag", { digest, tag: "1.4" }),
      runs,
    ],
    answers: is("deleted"),
  },
]);

cases("of a delete that does not say whether a tag or the manifest went", [
  { rule: "a tag is left: it is available", given: [was, ofAll("09:00"), runs], answers: is("available") },
  {
    rule: "one of two tags is left: it is available",
    given: [was, from("07:10", "latest"), deleted("09:00", "unknown", { digest, tag: "1.4" }), runs],
    answers: is("available"),
  },
  {
    rule: "its only tag went: it is not known",
    given: [was, deleted("09:00", "unknown", { digest, tag: "1.4" }), runs],
    answers: is("unknown"),
  },
  {
    rule: "in part, it is not known to be available by a tag that ended with its manifest before it came back",
    given: [was, deleted("07:30", "manifest", { digest }), pushed("07:40", digest), runs, ofAll("09:00")],
    answers: is("unknown"),
  },
  {
    rule: "its only tag has moved to another image: it is not known",
    given: [was, pushed("08:30", OTHER, { tag: "1.4" }), ofAll("09:00"), runs],
    answers: is("unknown"),
  },
  {
    rule: "it never had a tag: it is not known",
    given: [pushed("07:00", digest), ofAll("09:00"), runs],
    answers: is("unknown"),
  },
]);

const listed = indexed(INDEX, AMD64);
const child = (at: string, what: string, more: object = {}) => deleted(at, what, { digest: AMD64, ...more });
const both = [was, pushed("07:00", AMD64), listed, runs];

cases("of an index", [
  { rule: "with all its manifests, it is available", given: both, answers: is("available") },
  {
    rule: "with a deleted manifest, it is not available",
    given: [...both, child("09:00", "manifest")],
    answers: is("deleted"),
  },
  {
    rule: "with a manifest that was deleted and restored, it is available",
    given: [...both, child("09:00", "manifest"), restored("10:00", "manifest", { digest: AMD64 })],
    answers: is("available"),
  },
  {
    rule: "with a manifest that may have been deleted, it is not known",
    given: [...both, child("09:00", "unknown")],
    answers: is("unknown"),
  },
  {
    rule: "with a manifest that was deleted elsewhere, it is available",
    given: [...both, child("09:00", "manifest", { repository: MIRROR })],
    answers: is("available"),
  },
  {
    rule: "that was deleted itself is not available, though its manifests are",
    given: [...both, deleted("09:00", "manifest", { digest: INDEX })],
    answers: is("deleted"),
  },
  {
    rule: "stands for its manifest that was deployed",
    given: [
      was,
      listed,
      deleted("09:00", "manifest", { digest: INDEX }),
      pushed("07:00", AMD64),
      succeeded("08:00", [main({ digest: AMD64, repository: REPOSITORY })]),
    ],
    answers: is("deleted", { digest: INDEX, reported: AMD64 }),
  },
]);

const mirrored = pushed("07:05", digest, { repository: MIRROR, tag: "mirrored" });
const unnamed = succeeded("08:00", [main({ digest })]);
const gone = deleted("09:00", "manifest", { digest });

cases("of an image in several repositories", [
  {
    rule: "each says for itself whether it has it; the one that was deployed from is answered",
    given: [was, mirrored, gone, runs],
    answers: {
      components: [
        {
          repository: REPOSITORY,
          image: `${REPOSITORY}@${digest}`,
          availability: "deleted",
          tags: ["1.4"],
          heldBy: [
            { repository: REPOSITORY, availability: "deleted" },
            { repository: MIRROR, availability: "available" },
          ],
        },
      ],
    },
  },
  {
    rule: "it is not told which of them was deployed from where the deployment does not",
    given: [was, mirrored, unnamed],
    answers: {
      components: [
        {
          repository: null,
          image: null,
          availability: "unknown",
          pushedAt: null,
          tags: [],
          heldBy: [{ repository: REPOSITORY }, { repository: MIRROR }],
        },
      ],
    },
  },
  {
    rule: "the only repository that ever held it is its repository",
    given: [mirrored, unnamed],
    answers: { components: [{ repository: MIRROR, availability: "available", tags: ["mirrored"] }] },
  },
  {
    rule: "a repository that it was deleted from once held it",
    given: [gone, unnamed],
    answers: { components: [{ repository: REPOSITORY, availability: "deleted" }] },
  },
]);

const url = "https://github.com/acme/billing/actions/runs/77";

cases("of how to make an image again", [
  {
    rule: "what is deleted names its commit and its build",
    given: [was, built(digest, "c", { url }), gone, runs],
    answers: is("deleted", { rebuild: { repository: CODE, sha: sha("c"), url }, build: { url } }),
  },
  {
    rule: "what is deleted names the deployment's commit, where no build is known",
    given: [
      was,
      gone,
      succeeded("08:00", [main({ digest, repository: REPOSITORY })], { commit: { sha: sha("c") } }),
    ],
    answers: is("deleted", { rebuild: { sha: sha("c") } }),
  },
  {
    rule: "what is available needs none",
    given: [was, built(digest, "c", { url }), runs],
    answers: is("available", { rebuild: undefined, build: { url } }),
  },
  {
    rule: "where no commit is known there is none",
    given: [was, gone, runs],
    answers: is("deleted", { rebuild: undefined, commit: null }),
  },
]);
