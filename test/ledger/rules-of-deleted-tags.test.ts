import type { Candidate } from "../../schemas/answer.ts";
import { cases, type Expected } from "./cases.ts";
import { deleted, image, main, pushed, REPOSITORY, restored, started, succeeded } from "./saying.ts";

const OLD = image("old");
const NEW = image("new");
const tag = "1.4";
const tagged = { tag };

const components = [main({ tag, repository: REPOSITORY })];
const deploys = [started("08:10", components), succeeded("08:12", components)];

const old = pushed("19 10:00", OLD, tagged);
const moved = (at: string) => [old, pushed(at, NEW, tagged)];

const candidate = (digest: string): Candidate => ({ digest, repository: REPOSITORY, by: "tag" });
const byTag = (digest: string): Expected => ({
  components: [{ digest, repository: REPOSITORY, resolvedBy: "tag", candidates: [] }],
});
const between = (...candidates: readonly Candidate[]): Expected => ({
  status: "running",
  components: [{ digest: null, image: null, resolvedBy: "none", candidates }],
  warnings: ["digest_unresolved"],
});

cases("of a tag that was deleted", [
  {
    rule: "before the deployment, it pointed at nothing",
    given: [old, deleted("07:00", "tag", tagged), ...deploys],
    answers: between(),
  },
  {
    rule: "while it was deployed, what it had pointed at is only a candidate",
    given: [old, deleted("08:11", "tag", tagged), ...deploys],
    answers: between(candidate(OLD)),
  },
  {
    rule: "after the deployment, it is what it had pointed at",
    given: [old, deleted("08:13", "tag", tagged), ...deploys],
    answers: byTag(OLD),
  },
  {
    rule: "with its manifest, it pointed at nothing",
    given: [old, deleted("07:00", "manifest", { digest: OLD }), ...deploys],
    answers: between(),
  },
  {
    rule: "with its manifest while it was deployed, the manifest is only a candidate",
    given: [old, deleted("08:11", "manifest", { digest: OLD }), ...deploys],
    answers: between(candidate(OLD)),
  },
  {
    rule: "with a manifest that it had pointed at before, it still points at the newer one",
    given: [...moved("07:00"), deleted("07:30", "manifest", { digest: OLD }), ...deploys],
    answers: byTag(NEW),
  },
  {
    rule: "with a manifest of another repository, it still points",
    given: [
      old,
      deleted("07:00", "manifest", { digest: OLD, repository: "mirror.example/acme/billing" }),
      ...deploys,
    ],
    answers: byTag(OLD),
  },
  {
    rule: "with its manifest and pushed again, it is what was pushed",
    given: [old, deleted("07:00", "manifest", { digest: OLD }), pushed("07:30", OLD, tagged), ...deploys],
    answers: byTag(OLD),
  },
  {
    rule: "and restored with its digest, it points again",
    given: [old, deleted("06:00", "tag", tagged), restored("07:00", "tag", { tag, digest: OLD }), ...deploys],
    answers: byTag(OLD),
  },
  {
    rule: "and restored by name only, what it points at is not known",
    given: [old, deleted("06:00", "tag", tagged), restored("07:00", "tag", tagged), ...deploys],
    answers: between(),
  },
]);
