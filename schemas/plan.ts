/** What has to be done, step by step, to run again what ran; each command as its tool takes it today. */
import * as z from "zod";
import { canonical, sha256 } from "./canonical.ts";
import { Availability, configuration, knownCommit, moment, Release } from "./release.ts";
import { digest, hash, name, sha, time, trilean, url } from "./scalars.ts";

/**
 * A command, whole. A word like `<chart>` stands for what the ledger does not know, and is to be put in by whoever runs
 * it. Credentials are never in it: tools read them from the environment.
 */
export const Command = z.strictObject({
  tool: z.string().min(1).meta({ description: "whose command it is, like kubectl; not always the program" }),
  argv: z.array(z.string()).min(1).meta({ description: "the program and its arguments, as they are" }),
  shell: z.string().meta({ description: "the same, quoted for a POSIX shell" }),
});
export type Command = z.infer<typeof Command>;

/** What steps do, in this order. */
export const DOES = ["copy", "backup", "stop", "revert", "deploy", "check"] as const;

export const Step = z.strictObject({
  n: z.int().min(1),
  does: z.enum(DOES).meta({
    description:
      "copy: an image back into its repository; backup: a database into a file; stop: what runs; revert: a schema; deploy: the images; check: that it runs",
  }),
  title: z.string().meta({ description: "what is done; of several that start with `either` one is chosen" }),
  why: z.string().meta({ description: "what it is for, and what has to be looked at before" }),
  commands: z.array(Command).meta({ description: "in this order; empty: by hand" }),
});
export type Step = z.infer<typeof Step>;

/* The plan */

export const coded = <const C extends string>(code: C, description: string) =>
  z.literal(code).meta({ description });

/** Why a plan cannot be carried out as it is. */
export const BlockerCode = z.union([
  coded("target_unknown", "no fact says what ran by then"),
  coded("target_removed", "the service had been removed by then"),
  coded("digest_never_ran", "no deployment, observation or task says that this image ran here"),
  coded(
    "no_good_release",
    "none of the releases before has other images that are all known and not marked as bad",
  ),
  coded("digest_unresolved", "it cannot be told which image ran; candidates are named"),
  coded("image_not_pullable", "only a config's digest is known, and several manifests hold it"),
  coded("image_in_no_repository", "no fact says which repository the image is in"),
  coded("image_gone", "deleted, and no other repository has it: build it again, or accept the substitute"),
  coded("variants_undecided", "several variants ran with one weight: ask by digest for one"),
  coded(
    "schema_choice_needed",
    "migrations were applied since, and nobody said that older code runs on all of them",
  ),
  coded("old_code_breaks", "the schema was to be kept, and older code is said not to run on it"),
  coded("schema_too_old", "the image says that it needs a migration which would not be applied"),
  coded("migrations_missing", "what was applied then was reverted since: apply it by hand"),
  coded("data_loss", "a revert is not known to lose no data, and that was not accepted"),
  coded("irreversible", "a migration is said to be irreversible"),
  coded("revert_by_hand", "no command is known that reverts it safely; the message says what to do"),
  coded("down_script_gone", "the image that holds the down script was deleted"),
  coded("database_shared", "another service that runs here uses the database, and was not accepted"),
]);

/** What somebody should know before carrying it out. */
export const PlanWarningCode = z.union([
  coded("already_running", "this is what runs now"),
  coded("availability_unknown", "no fact says whether the image is still there"),
  coded("component_came_later", "a component runs now that did not then; no step takes it away"),
  coded("deployed_together", "the same deployment brought other services too"),
  coded("downtime", "the service is down while its schema is reverted"),
  coded("drift", "the runtime showed something else than the deployment said, then or now"),
  coded("marked_bad", "the image was marked as bad"),
  coded("migration_failed", "a migration failed, and was not applied since"),
  coded("not_identical", "the substitute is another image than the one that ran"),
  coded(
    "order_assumed",
    "in which order migrations were applied was not said: that of their versions, or of the tool's table, counts",
  ),
  coded("resolved_by_commit", "the deployment named no digest: its commit's only image counts"),
  coded("resolved_by_tag", "the deployment named no digest: what its tag pointed at counts"),
  coded("resolved_by_task", "the deployment named no digest: what its tasks ran counts"),
  coded("reversibility_unknown", "nobody said whether a migration can be reverted"),
  coded("schema_unknown", "no fact says which schema there is, or was"),
  coded("schema_unproven", "the schema is kept on demand, and nobody said that older code runs on it"),
  coded("two_clusters", "facts of this environment and service name two clusters"),
  coded("variant_chosen", "several variants ran; the steps deploy the one named here"),
]);

const blocker = z
  .strictObject({
    code: BlockerCode,
    message: z.string().meta({ description: "what is in the way, and what to do about it" }),
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
  deployment: url.exactOptional().meta({ description: "the pipeline or deployment that brought it" }),
});
export type Rebuild = z.infer<typeof rebuild>;

const plannedComponent = z.strictObject({
  component: name,
  variant: name.exactOptional(),
  weight: z.number().exactOptional(),
  from: digest.nullable().meta({ description: "the digest that runs now, where it can be told" }),
  to: digest.nullable().meta({ description: "the digest that ran then" }),
  image: z
    .string()
    .nullable()
    .meta({ description: "repository@digest: what the steps deploy (an accepted substitute's, too)" }),
  availability: Availability,
  rebuild: rebuild.exactOptional().meta({ description: "how to make it again, where nobody holds it" }),
  substitute: z
    .strictObject({ digest, image: z.string() })
    .exactOptional()
    .meta({ description: "built from the same commit into the same repository; deployed only if accepted" }),
});
export type PlannedComponent = z.infer<typeof plannedComponent>;

const change = <T extends z.ZodType>(side: T) =>
  z.strictObject({
    from: side.nullable().meta({ description: "what runs now" }),
    to: side.nullable().meta({ description: "what ran then" }),
    compareUrl: url.nullable().meta({ description: "a page that shows what is undone" }),
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
      .meta({ description: "repository@digest of the image that holds its down script" }),
    command: Command.nullable().meta({
      description:
        "null where it is done by hand, or the command of a version before goes as far as this one",
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
      "unknown: nothing is known to have been applied since, but not all is known; undecided: the plan asks for it, and both lists show what it is about",
  }),
  since: time
    .nullable()
    .meta({ description: "what was applied after this moment and still is, the lists are about" }),
  revert: z.array(revertedVersion).meta({ description: "in the order of reverting: the newest first" }),
  keep: z.array(keptVersion).meta({ description: "in the same order" }),
});
export type PlannedSchema = z.infer<typeof plannedSchema>;

const planStatus = z.enum(["ready", "blocked"]);
/** Not hashed: when it was asked for, the two releases that it was made from, and what a door puts beside it. */
const UNHASHED = ["hash", "knownAt", "settled", "target", "current", "registry"];

const planHash = hash.meta({
  description: `SHA-256 of the canonical form (RFC 8785) of this plan without ${UNHASHED.slice(0, -1).join(", ")} and ${UNHASHED.at(-1)}`,
});

/** The hash of what a plan says to do, whatever hash stands in it: two with one hash are one plan. */
export const hashOf = (plan: object): string =>
  sha256(canonical(Object.fromEntries(Object.entries(plan).filter(([field]) => !UNHASHED.includes(field)))));

const registryCheck = z
  .strictObject({
    checkedAt: time,
    images: z.array(
      z.strictObject({
        image: z.string().meta({ description: "repository@digest: deployed, copied, or with a down script" }),
        answer: z.enum(["there", "gone", "unknown"]).meta({
          description:
            "gone: the registry has no such manifest, or not all that its index holds; unknown: it may not be asked, or does not say",
        }),
        reason: z
          .string()
          .exactOptional()
          .meta({ description: "of what is gone: what is missing, and what to do; of unknown: why" }),
      }),
    ),
  })
  .meta({
    description:
      "with check=registry: what the registries say now. The plan is made from facts: neither its status nor its steps nor its hash go by this",
    examples: [{ checkedAt: "2026-11-22T09:00:00.000Z", images: [{ image: IMAGE, answer: "there" }] }],
  });
export type RegistryCheck = z.infer<typeof registryCheck>;

export const Plan = z
  .strictObject({
    environment: name,
    service: name,
    ...moment,
    at: time.nullable().meta({ description: "the moment that is gone back to; null where there is none" }),
    hash: planHash,
    status: planStatus,
    blockers: z.array(blocker),
    warnings: z.array(planWarning),
    target: Release.nullable(),
    current: Release.meta({ description: "what runs by the newest that is known; its `at` is knownAt" }),
    components: z.array(plannedComponent),
    commits: change(knownCommit),
    config: z.array(change(configuration)),
    schema: plannedSchema,
    steps: z
      .array(Step)
      .meta({ description: "in this order; none while an image or the choice about the schema is open" }),
    registry: registryCheck.exactOptional(),
  })
  .meta({ id: "Plan" });
export type Plan = z.infer<typeof Plan>;

const plannedService = z.strictObject({
  service: name,
  status: planStatus,
  now: z.enum(["running", "removed", "unknown"]).meta({ description: "whether it runs now" }),
  blockers: z.array(blocker),
  warnings: z.array(planWarning),
  components: z.array(plannedComponent),
});
export type PlannedService = z.infer<typeof plannedService>;

export const EnvironmentPlan = z
  .strictObject({
    environment: name,
    ...moment,
    hash: planHash,
    status: planStatus.meta({ description: "of the services of this page" }),
    services: z.array(plannedService).meta({ description: "what ran then" }),
    removedSince: z.array(name).meta({ description: "those of them that run no more" }),
    cameLater: z.array(name).meta({ description: "services that run now and did not then" }),
    next: z.string().nullable().meta({ description: "pass as `cursor` for the next page" }),
    registry: registryCheck.exactOptional().meta({ description: "the same, of the images of this page" }),
  })
  .meta({ id: "EnvironmentPlan" });
export type EnvironmentPlan = z.infer<typeof EnvironmentPlan>;
