import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { RUNS } from "./test/runs.ts";

// `npm test` and the gate judge a commit: the same commit gets the same cases. `ASOF_SEED=random` tries others, as the
// long run does. This file is read once for each project: the first time decides.
const SEED = "1";
if (process.env.ASOF_SEED === undefined || process.env.ASOF_SEED === "random") {
  const isRandom = process.env.ASOF_SEED === "random";
  process.env.ASOF_SEED = isRandom ? String(Math.floor(Math.random() * 2 ** 31)) : SEED;
  const again = `ASOF_SEED=${process.env.ASOF_SEED} ASOF_RUNS=${RUNS} npx vitest run [FILE]`;
  console.log(`${RUNS} random cases of each property; the same cases again: ${again}`);
}
const { ASOF_SEED } = process.env;

/** The kinds that take long begin first, so that no core has to wait for the last one; each project goes by itself. */
const KINDS = [".real.", ".cdk.", ".process.", ".integration.", ".property."];
const turnOf = ({ moduleId }: TestSpecification): number => {
  const kind = KINDS.findIndex((suffix) => moduleId.includes(suffix));
  return kind === -1 ? KINDS.length : kind;
};
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => turnOf(a) - turnOf(b));
  }
}

/** Of the projects that start the package's programs. */
const globalSetup = ["test/programs.ts"];

export default defineConfig({
  test: {
    // Long on a slow machine too: it ends a test that hangs, and tells nothing about speed.
    testTimeout: 60_000 + RUNS * 400,
    hookTimeout: 120_000,
    env: { ASOF_SEED },
    setupFiles: ["test/seed.ts"],
    // To load what is tested takes longer than most tests: each thread loads it once. So a test puts back what it changes.
    pool: "threads",
    isolate: false,
    // One more than the gate has cores: some tests wait for processes.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      // Kinds by suffix: .property (random cases) and, without any, units. This is `npm test`.
      {
        extends: true,
        test: {
          name: "tests",
          include: ["test/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.{process,integration,cdk}.test.ts"],
        },
      },
      // .process (ledgers, command lines and shells as processes of their own), .integration (the AWS SDK against an
      // emulator): they need npm alone, too, and take longer.
      {
        extends: true,
        test: {
          name: "slow",
          globalSetup,
          include: ["test/**/*.{process,integration}.test.ts"],
          exclude: ["**/node_modules/**"],
        },
      },
      // With the packages of cdk/.
      { extends: true, test: { name: "cdk", include: ["test/*.cdk.test.ts"] } },
      // With the packages of test/real/, against Debian's parts: a real registry, a newer Node.
      {
        extends: true,
        test: {
          name: "real",
          globalSetup,
          include: ["test/*.real.ts"],
          testTimeout: 180_000,
          pool: "forks",
          isolate: true,
          maxWorkers: 2,
          // After all others: what differs in its workers cannot run beside them.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
