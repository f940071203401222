/** Why a plan is blocked, and what it warns of: each code with its meaning. */
import * as z from "zod";

export const coded = <const C extends string>(code: C, description: string) =>
  z.literal(code).meta({ description });

/** Reasons why a plan cannot be carried out as it is. */
export const BlockerCode = z.union([
  coded("target_unknown", "no fact reports what ran by then"),
  coded("target_removed", "the service had been removed by then"),
  coded("image_unknown", "no fact names the image that the question names"),
  coded("image_ambiguous", "the question may mean several images; the message names them"),
  coded("other_repository", "the image is of another repository than the service's images"),
  coded("component_undecided", "no fact says which component of the service the image is"),
  coded(
    "deployment_undescribed",
    "the service never ran here, and its description does not say how it is deployed",
  ),
  coded(
    "schema_then_unknown",
    "the image never ran here, no fact reports the schema that it ran on, and keeping that of now was not accepted",
  ),
  coded(
    "no_good_release",
    "no earlier release has different images and is good: known, not marked as bad, and not rolled back from",
  ),
  coded("digest_unresolved", "the image that ran cannot be resolved; the message names candidates"),
  coded("commit_unknown", "the service is deployed by its commit, and no fact names the one that ran"),
  coded(
    "image_not_pullable",
    "only the digest of the image's config is known, and several manifests refer to that config",
  ),
  coded("image_in_no_repository", "no fact names the image's repository"),
  coded(
    "image_archived",
    "the registry has archived the image; the message has the command that restores it",
  ),
  coded(
    "image_gone",
    "the image was deleted, and no other repository has it: build it again, or accept the substitute",
  ),
  coded("variants_undecided", "several variants ran with the same weight: ask for one of them by digest"),
  coded(
    "configuration_not_restored",
    "the configuration was different, no step restores it, and that was not accepted",
  ),
  coded(
    "deploy_tool_unknown",
    "the service's deploy tool is unknown, and the configuration has no commands of it",
  ),
  coded(
    "schema_choice_needed",
    "migrations were applied since, and older code is not reported to run on all of them",
  ),
  coded("old_code_breaks", "the schema was to be kept, and older code is reported not to run on it"),
  coded("schema_too_old", "the image requires a migration that would not be applied"),
  coded("migrations_missing", "migrations that were applied then were reverted since: apply them by hand"),
  coded("data_loss", "a revert may lose data, and that was not accepted"),
  coded("irreversible", "a migration is reported as irreversible"),
  coded(
    "revert_by_hand",
    "no command is known that reverts the migration safely; the message has the steps by hand",
  ),
  coded("down_script_gone", "the image that contains the down script was deleted"),
  coded(
    "database_shared",
    "another service that runs here uses the database, and reverting it under that service was not accepted",
  ),
  coded(
    "schemas_differ",
    "several services of the environment use the database, and go back to different versions of its schema",
  ),
]);

/** Warnings to read before carrying out the plan. */
export const PlanWarningCode = z.union([
  coded("already_running", "the target release runs now"),
  coded("availability_unknown", "no fact reports whether the image is still there"),
  coded(
    "clock_skew",
    "the order of the newest deployments by their stamps is not the order in which they arrived",
  ),
  coded(
    "configuration_not_restored",
    "the configuration was different, and no step restores it; that was accepted",
  ),
  coded(
    "configuration_unknown",
    "no fact reports the configuration of a place then; the steps leave it as it is now",
  ),
  coded("component_came_later", "a component runs now that did not run then; no step removes it"),
  coded("deployed_together", "the same deployment also deployed other services"),
  coded("deployment_failed", "the newest deployment failed, and may have changed a part of what runs"),
  coded("disputed", "somebody disputes a fact that the plan rests on; the message names both"),
  coded("downtime", "the service is down while its schema is reverted"),
  coded(
    "host_not_listed",
    "the commands of a step are left out, because they name a host that the operator has not listed",
  ),
  coded("renamed_since", "an image repository was renamed since; the steps use its name of now"),
  coded("drift", "the runtime showed images other than the deployment reported, then or now"),
  coded("marked_bad", "the image was marked as bad"),
  coded("migration_failed", "a migration failed, and has not been applied since"),
  coded("never_ran_here", "the image ran in another environment, or was only pushed or built"),
  coded("not_identical", "the substitute is not the image that ran"),
  coded(
    "order_assumed",
    "the order in which migrations were applied was not reported: the order of their versions, or of the tool's table, is used",
  ),
  coded(
    "passed_over",
    "newer releases are not good: rolled back from, marked as bad, unknown, or of several variants side by side",
  ),
  coded("reverted_elsewhere", "the redeployment of another service reverts a database of this one"),
  coded("resolved_by_commit", "the deployment named no digest: the only image of its commit is used"),
  coded("resolved_by_tag", "the deployment named no digest: the digest that its tag pointed at is used"),
  coded("resolved_by_task", "the deployment named no digest: the digest that its tasks ran is used"),
  coded("reversibility_unknown", "whether a migration can be reverted was not reported"),
  coded("schema_unknown", "no fact reports the schema, now or then"),
  coded("schema_unproven", "the schema is kept as requested, and older code is not reported to run on it"),
  coded("two_clusters", "facts about this environment and service name two clusters"),
  coded("variant_chosen", "several variants ran; the steps deploy the one that the message names"),
]);
