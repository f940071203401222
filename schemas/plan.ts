/** The plan: the steps that run a release again, each command in the current syntax of its tool. */

import * as z from "zod";
import { Availability, configuration, knownCommit, moment, Release } from "./answers/release.ts";
import { canonical, sha256 } from "./canonical.ts";
import { BlockerCode, PlanWarningCode } from "./plan-codes.ts";
import { renamed } from "./renamed-name.ts";
import { digest, hash, name, sha, time, trilean, url } from "./scalars.ts";

/**
 * A complete command. A placeholder like `<chart>` stands for a value that the ledger does not know; fill it in before
 * running the command. A command never holds credentials: tools read them from the environment.
 */
export const Command = z.strictObject({
  tool: z.string().min(1).meta({ description: "the tool, like kubectl; not always the program that runs" }),
  argv: z.array(z.string()).min(1).meta({ description: "the program and its arguments, unquoted" }),
  shell: z.string().meta({ description: "the same command, quoted for a POSIX shell" }),
});
export type Command = z.infer<typeof Command>;

/** The kinds of steps, in the order of a plan. */
export const DOES = ["copy", "backup", "stop", "revert", "configure", "deploy", "check"] as const;

export const Step = z.strictObject({
  n: z.int().min(1),
  does: z.enum(DOES).meta({
    description:
      "copy: copy an image back into its repository; backup: back up a database into a file; stop: stop the service; revert: revert migrations; configure: put configuration back by a commit; deploy: deploy the images; check: check that they run",
  }),
  title: z.string().meta({
    description: "what the step does; steps whose titles start with `either` are alternatives: choose one",
  }),
  why: z.string().meta({ description: "the purpose of the step, and what to check before it" }),
  commands: z.array(Command).meta({ description: "run in this order; empty: the step is done by hand" }),
  brings: z
    .strictObject({
      images: z.array(
        z.strictObject({
          component: name,
          variant: name.exactOptional(),
          image: z.string().meta({ description: "repository@digest" }),
        }),
      ),
      config: z.array(configuration),
      artifacts: z
        .array(z.strictObject({ component: name, variant: name.exactOptional(), digest }))
        .exactOptional()
        .meta({ description: "of a service without images: what is deployed by its digest" }),
      commit: sha.exactOptional().meta({ description: "of a service without images: the commit" }),
    })
    .exactOptional()
    .meta({ description: "deploy, configure: what is in effect after the step that was not before it" }),
});
export type Step = z.infer<typeof Step>;

/* The plan */

const blocker = z
  .strictObject({
    code: BlockerCode,
    message: z.string().meta({ description: "the reason, and what to do about it" }),
  })
  .meta({
    examples: [
      {
        code: "data_loss",
        message:
          "nobody said that reverting 42 of billing loses no data; ask with acceptDataLoss=true if it may",
      },
    ],
  });
export type Blocker = z.infer<typeof blocker>;
const planWarning = z.strictObject({ code: PlanWarningCode, message: z.string() });
export type PlanWarning = z.infer<typeof planWarning>;

const rebuild = z.strictObject({
  repository: url.exactOptional(),
  sha: sha.exactOptional(),
  url: url.exactOptional().meta({ description: "the build's" }),
  deployment: url.exactOptional().meta({ description: "the pipeline or deployment that deployed it" }),
});
export type Rebuild = z.infer<typeof rebuild>;

const plannedComponent = z.strictObject({
  component: name,
  variant: name.exactOptional(),
  weight: z.number().exactOptional(),
  from: digest.nullable().meta({ description: "the digest that runs now, if known" }),
  to: digest.nullable().meta({ description: "the digest that ran then" }),
  image: z
    .string()
    .nullable()
    .meta({ description: "repository@digest that the steps deploy (or the accepted substitute)" }),
  availability: Availability,
  restore: z
    .array(z.string())
    .exactOptional()
    .meta({ description: "the commands that restore this very image, if the registry has archived it" }),
  rebuild: rebuild.exactOptional().meta({ description: "how to build it again if no registry has it" }),
  substitute: z.strictObject({ digest, image: z.string() }).exactOptional().meta({
    description: "an image built from the same commit in the same repository; deployed only if accepted",
  }),
});
export type PlannedComponent = z.infer<typeof plannedComponent>;

const change = <T extends z.ZodType>(side: T) =>
  z.strictObject({
    from: side.nullable().meta({ description: "what runs now" }),
    to: side.nullable().meta({ description: "what ran then" }),
    compareUrl: url.nullable().meta({ description: "a page that compares the two commits" }),
  });

const keptVersion = z.strictObject({ database: name, version: z.string() });
const IMAGE = `ghcr.io/acme/billing@sha256:${"9f".repeat(32)}`;
const revertedVersion = keptVersion
  .extend({
    reversible: trilean,
    losesData: trilean,
    tool: z.string().nullable(),
    image: z
      .string()
      .nullable()
      .meta({ description: "repository@digest of the image that contains the down script" }),
    command: Command.nullable().meta({
      description:
        "null if it is reverted by hand, or if the command of an earlier entry reverts this version, too",
    }),
  })
  .meta({
    examples: [
      {
        database: "billing",
        version: "20261012093000_add_iban.js",
        reversible: true,
        losesData: false,
        tool: "knex",
        image: IMAGE,
        command: {
          tool: "Knex",
          argv: [
            ...["docker", "run", "--rm", "--network=host", "--env=DATABASE_URL", "--entrypoint=npx", IMAGE],
            ...["--no", "--", "knex", "migrate:down", "20261012093000_add_iban.js"],
          ],
          shell: `docker run --rm --network=host --env=DATABASE_URL --entrypoint=npx ${IMAGE} --no -- knex migrate:down 20261012093000_add_iban.js`,
        },
      },
    ],
  });
export type RevertedVersion = z.infer<typeof revertedVersion>;

const plannedSchema = z.strictObject({
  choice: z.enum(["unchanged", "unknown", "keep", "revert", "undecided"]).meta({
    description:
      "unknown: no migration is known to have been applied since, but the facts are incomplete; undecided: the plan needs the choice, and both lists show the migrations in question",
  }),
  since: time
    .nullable()
    .meta({ description: "the lists hold migrations that were applied after this moment and still are" }),
  revert: z.array(revertedVersion).meta({ description: "in the order of reverting, newest first" }),
  keep: z.array(keptVersion).meta({ description: "in the same order" }),
});
export type PlannedSchema = z.infer<typeof plannedSchema>;

const planStatus = z.enum(["ready", "blocked"]);
/** Not hashed: the time of the question, the two releases that the plan was made from, and what an endpoint adds. */
const UNHASHED = ["hash", "knownAt", "settled", "target", "current", "registry", "renamed"];

const planHash = hash.meta({
  description: `SHA-256 of the canonical form (RFC 8785) of this plan without ${UNHASHED.slice(0, -1).join(", ")} and ${UNHASHED.at(-1)}`,
});

/** The hash of a plan's content, without its own `hash` field: plans with the same hash are the same plan. */
export const hashOf = (plan: object): string =>
  sha256(canonical(Object.fromEntries(Object.entries(plan).filter(([field]) => !UNHASHED.includes(field)))));

const registryCheck = z
  .strictObject({
    checkedAt: time,
    images: z.array(
      z.strictObject({
        image: z.string().meta({
          description: "repository@digest of an image that is deployed, copied, or run for its down script",
        }),
        answer: z.enum(["there", "gone", "unknown"]).meta({
          description:
            "gone: the registry lacks the manifest, or a manifest of the index; unknown: the registry is not configured, or gave no answer",
        }),
        reason: z
          .string()
          .exactOptional()
          .meta({ description: "gone: what is missing, and what to do; unknown: the reason" }),
      }),
    ),
  })
  .meta({
    description:
      "with check=registry: what the registries answer now. The plan is made from facts: its status, steps and hash do not depend on this",
    examples: [{ checkedAt: "2026-11-22T09:00:00.000Z", images: [{ image: IMAGE, answer: "there" }] }],
  });
export type RegistryCheck = z.infer<typeof registryCheck>;

export const Plan = z
  .strictObject({
    renamed,
    environment: name,
    service: name,
    ...moment,
    at: time.nullable().meta({ description: "the time of the target release; null if there is none" }),
    hash: planHash,
    status: planStatus,
    blockers: z.array(blocker),
    warnings: z.array(planWarning),
    target: Release.nullable(),
    current: Release.meta({ description: "what runs now by the newest facts; its `at` is knownAt" }),
    components: z.array(plannedComponent),
    commits: change(knownCommit),
    config: z.array(change(configuration)),
    schema: plannedSchema,
    steps: z.array(Step).meta({
      description: "in the order to carry out; empty while an image or the choice about the schema is open",
    }),
    registry: registryCheck.exactOptional(),
  })
  .meta({ id: "Plan" });
export type Plan = z.infer<typeof Plan>;

const plannedService = z.strictObject({
  service: name,
  status: planStatus,
  now: z.enum(["running", "removed", "unknown"]).meta({ description: "the service's state now" }),
  blockers: z.array(blocker),
  warnings: z.array(planWarning),
  components: z.array(plannedComponent),
  config: z.array(change(configuration)).exactOptional(),
  schema: plannedSchema.exactOptional(),
});
export type PlannedService = z.infer<typeof plannedService>;

export const EnvironmentPlan = z
  .strictObject({
    renamed,
    environment: name,
    ...moment,
    hash: planHash,
    status: planStatus.meta({ description: "for the services on this page" }),
    services: z.array(plannedService).meta({ description: "what ran then" }),
    databases: z
      .array(
        z.strictObject({
          database: name,
          services: z.array(name).meta({ description: "those on this page that use it" }),
          revert: z.array(z.string()).meta({ description: "versions, newest first" }),
          keep: z.array(z.string()).meta({ description: "versions, in the same order" }),
          revertedBy: name
            .exactOptional()
            .meta({ description: "the service whose redeployment reverts it, where several use it" }),
        }),
      )
      .exactOptional()
      .meta({ description: "databases with migrations that were applied since, each once" }),
    removedSince: z.array(name).meta({ description: "services that ran then and do not run now" }),
    cameLater: z.array(name).meta({ description: "services that run now and did not run then" }),
    next: z.string().nullable().meta({ description: "pass as `cursor` for the next page" }),
    registry: registryCheck.exactOptional().meta({
      description: "with check=registry: what the registries answer now, for the images on this page",
    }),
  })
  .meta({ id: "EnvironmentPlan" });
export type EnvironmentPlan = z.infer<typeof EnvironmentPlan>;
