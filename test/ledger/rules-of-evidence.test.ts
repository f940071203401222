import type { KnownCommit } from "../../schemas/answer.ts";
import { cases, type Expected } from "./cases.ts";
import { built, CODE, committed, image, indexed, main, sha, succeeded } from "./saying.ts";

const INDEX = image("index");
const AMD64 = image("amd64");
const ARM64 = image("arm64");
const CONFIG = image("config");
const url = "https://github.com/acme/billing/actions/runs/77";

const runs = (digest: string, more: object = {}) => succeeded("08:00", [main({ digest })], more);
const from = (commit: string, evidence: string, more: object = {}) =>
  built(INDEX, commit, { evidence, ...more });
const is = (commit: string, evidence: KnownCommit["evidence"]): Expected => ({
  components: [{ commit: { repository: CODE, sha: sha(commit), evidence }, commitCandidates: [] }],
});
const tie = (...commits: readonly string[]): Expected => ({
  components: [
    {
      commit: null,
      build: null,
      commitCandidates: commits
        .map(sha)
        .sort()
        .map((one) => ({ sha: one })),
    },
  ],
  warnings: ["commit_tie"],
});

const STRENGTH = ["slsa", "oidc", "oci-label", "registry", "declared"] as const;
const proved = (evidence: string) => (evidence === "slsa" ? { verified: true } : {});

cases("of two commits for one digest", [
  ...STRENGTH.slice(1).map((weaker, n) => {
    const stronger = STRENGTH[n] ?? "slsa";
    return {
      rule: `${stronger} counts more than ${weaker}`,
      given: [runs(INDEX), from("a", weaker), from("b", stronger, proved(stronger))],
      answers: is("b", stronger),
    };
  }),
  ...STRENGTH.map((evidence) => ({
    rule: `${evidence} against ${evidence} names both`,
    given: [
      runs(INDEX),
      from("a", evidence, { ...proved(evidence), url }),
      from("b", evidence, { ...proved(evidence), url }),
    ],
    answers: tie("a", "b"),
  })),
  {
    rule: "three as strong name all three, and the weaker fourth is not named",
    given: [runs(INDEX), from("a", "oidc"), from("b", "oidc"), from("c", "oidc"), from("d", "declared")],
    answers: tie("a", "b", "c"),
  },
  {
    rule: "what failed to verify counts no more than what was declared",
    given: [runs(INDEX), from("a", "oidc", { verified: false }), from("b", "registry")],
    answers: is("b", "registry"),
  },
  {
    rule: "what failed to verify ties with what was declared",
    given: [runs(INDEX), from("a", "slsa", { verified: false }), from("b", "declared")],
    answers: tie("a", "b"),
  },
  {
    rule: "SLSA that nobody verified counts no more than what was declared",
    given: [runs(INDEX), from("a", "slsa"), from("b", "registry")],
    answers: is("b", "registry"),
  },
  {
    rule: "SLSA that nobody verified ties with what was declared",
    given: [runs(INDEX), from("a", "slsa"), from("b", "declared")],
    answers: tie("a", "b"),
  },
  {
    rule: "an OIDC identity needs nobody to say that it was verified",
    given: [runs(INDEX), from("a", "oidc"), from("b", "oci-label", { verified: true })],
    answers: is("a", "oidc"),
  },
]);

cases("of one commit for a digest", [
  {
    rule: "it is answered as its evidence says, with its build",
    given: [
      runs(INDEX),
      from("a", "slsa", {
        verified: true,
        url,
        commit: { repository: CODE, sha: sha("a"), ref: "refs/heads/main" },
      }),
    ],
    answers: {
      components: [
        {
          commit: {
            repository: CODE,
            sha: sha("a"),
            ref: "refs/heads/main",
            evidence: "slsa",
            verified: true,
          },
          build: { url },
        },
      ],
    },
  },
  {
    rule: "what failed to verify is still said to be what it is",
    given: [runs(INDEX), from("a", "slsa", { verified: false })],
    answers: { components: [{ commit: { sha: sha("a"), evidence: "slsa", verified: false }, build: null }] },
  },
  {
    rule: "evidence of two kinds for it is no tie, and the stronger is named",
    given: [runs(INDEX), from("a", "declared"), from("a", "oidc", { url }), from("a", "registry")],
    answers: { components: [{ commit: { sha: sha("a"), evidence: "oidc" }, build: { url } }] },
  },
  {
    rule: "the same evidence twice is no tie",
    given: [runs(INDEX), from("a", "oidc"), from("a", "oidc")],
    answers: { components: [{ commit: { sha: sha("a"), evidence: "oidc" }, commitCandidates: [] }] },
  },
  {
    rule: "an attestation may come after the deployment",
    given: [runs(INDEX), { ...from("a", "oidc"), occurredAt: "2026-10-25T00:00:00.000Z" }],
    at: "09:00",
    answers: is("a", "oidc"),
  },
  {
    rule: "no evidence and no word of the deployer leaves it unknown",
    given: [runs(INDEX)],
    answers: { components: [{ commit: null, commitCandidates: [], build: null }] },
  },
]);

const family = indexed(INDEX, { digest: AMD64, configDigest: CONFIG }, ARM64);

cases("of evidence for other digests of the image", [
  {
    rule: "that of the index is that of its manifest",
    given: [family, runs(AMD64), built(INDEX, "a")],
    answers: is("a", "oidc"),
  },
  {
    rule: "that of a manifest is that of its index",
    given: [family, runs(INDEX), built(AMD64, "a")],
    answers: is("a", "oidc"),
  },
  {
    rule: "that of one platform is that of another of the same index",
    given: [family, runs(AMD64), built(ARM64, "a")],
    answers: is("a", "oidc"),
  },
  {
    rule: "that of the config counts where the config was reported",
    given: [family, runs(CONFIG), built(CONFIG, "a")],
    answers: is("a", "oidc"),
  },
  {
    rule: "that of the config does not count where another digest was reported",
    given: [family, runs(INDEX), built(CONFIG, "a")],
    answers: { components: [{ commit: null }] },
  },
  {
    rule: "where several images hold the config, only that of the config itself counts",
    given: [
      family,
      indexed(image("other index"), { digest: image("other amd64"), configDigest: CONFIG }),
      runs(CONFIG),
      built(CONFIG, "a"),
      built(INDEX, "b"),
    ],
    answers: { ...is("a", "oidc"), warnings: ["image_not_pullable"] },
  },
  {
    rule: "that of a foreign image does not count",
    given: [family, runs(INDEX), built(image("foreign"), "a")],
    answers: { components: [{ commit: null }] },
  },
  {
    rule: "two digests of one image may disagree, and that is a tie",
    given: [family, runs(AMD64), built(AMD64, "a"), built(INDEX, "b")],
    answers: tie("a", "b"),
  },
]);

cases("of the commit that the deployment names", [
  {
    rule: "without evidence it is what is known, and said to be only the deployer's word",
    given: [runs(INDEX, committed("c"))],
    answers: { components: [{ commit: { repository: CODE, sha: sha("c"), evidence: "deployment" } }] },
  },
  {
    rule: "the same as the evidence, the evidence is named",
    given: [runs(INDEX, committed("a")), from("a", "declared")],
    answers: { components: [{ commit: { sha: sha("a"), evidence: "declared" } }] },
  },
  {
    rule: "short, it may be the beginning of the evidence's",
    given: [runs(INDEX, { commit: { sha: sha("a").slice(0, 7) } }), from("a", "oidc")],
    answers: is("a", "oidc"),
  },
  {
    rule: "another than the evidence's, the evidence counts and the mismatch is warned of",
    given: [runs(INDEX, committed("c")), from("a", "declared")],
    answers: { ...is("a", "declared"), warnings: ["commit_mismatch"] },
  },
  {
    rule: "beside evidence that disagrees with itself, it does not choose",
    given: [runs(INDEX, committed("a")), from("a", "oidc"), from("b", "oidc")],
    answers: tie("a", "b"),
  },
]);
