/** `asof record deploy`: a service was deployed into an environment. */
import { randomUUID } from "node:crypto";
import { Option } from "commander";
import * as z from "zod";
import { forgeUrl } from "../../functions/sources/git-remote.ts";
import { present } from "../../functions/sources/payload.ts";
import { ENDINGS } from "../../schemas/scalars.ts";
import { UsageError } from "../error.ts";
import { parseImage } from "./image.ts";
import { actorAndUrl, knownCommit, type RecordContext } from "./options.ts";
import type { Subcommand } from "./subcommand.ts";

const maybe = z.string().optional();
const Options = z.looseObject({
  service: z.string(),
  status: z.enum(["started", "succeeded", "failed"]),
  component: maybe,
  image: maybe,
  digest: maybe,
  tag: maybe,
  config: z.array(z.string()),
  configOnly: z.boolean().optional(),
  cluster: maybe,
  namespace: maybe,
  deploymentId: maybe,
  rollback: z.boolean().optional(),
  redeployment: maybe,
  outcome: z.enum(ENDINGS).optional(),
  reason: maybe,
});
type Options = z.infer<typeof Options>;

/** `repository@revision:path`, its repository and its path being optional. */
const CONFIG = /^(?:(https?:\/\/(?:[^/@]*@)?[^@]+)@)?(?!https?:)([^:@]+)(?::(.+))?$/;

function configFrom(given: string): Record<string, string> {
  const [, repository, revision, path] = CONFIG.exec(given) ?? [];
  if (revision === undefined) {
    throw new UsageError(
      `--config ${JSON.stringify(given)}: must be like https://github.com/acme/deploy@77aa01c:production/shop.yaml`,
    );
  }
  return present({ repository: repository === undefined ? undefined : forgeUrl(repository), revision, path });
}

function componentFrom({ component, image, digest, tag }: Options): Record<string, string> {
  const named = image === undefined ? {} : parseImage(image);
  const said = present({
    repository: named.repository,
    digest: digest ?? named.digest,
    tag: tag ?? named.tag,
  });
  return { component: component ?? "main", ...said };
}

/** The configuration of a deployment that names no image: as given, else this run's commit. Throws a CliError. */
function configurationAlone(
  { component, image, digest, tag }: Options,
  context: RecordContext,
  given: readonly Record<string, string>[],
): readonly Record<string, string>[] {
  const named = Object.entries({ component, image, digest, tag }).find(([, value]) => value !== undefined);
  if (named !== undefined)
    throw new UsageError(`--config-only: leave out --${named[0]}, or leave out --config-only`);
  if (given.length > 0) return given;
  const { sha, repository } = knownCommit(context) ?? {};
  if (sha === undefined)
    throw new UsageError("--config-only: no commit was found: give --config <repository@revision:path>");
  return [present({ repository, revision: sha })];
}

/** A pipeline may deploy what another commit built: its own commit counts only where no digest or tag is given. */
function commitFor(
  context: RecordContext,
  component: Record<string, string>,
): Record<string, string> | undefined {
  const isExact = component.digest !== undefined || component.tag !== undefined;
  return isExact && context.given.commit === undefined ? undefined : knownCommit(context);
}

const deploymentOf = ({ run }: RecordContext, id: string | undefined) => ({
  provider: run?.provider ?? "cli",
  instance: run?.instance ?? "local",
  id: id ?? run?.id ?? randomUUID(),
});

/** The environment, given or detected. Throws a CliError where there is none. */
export function environmentOf({ found }: RecordContext): string {
  if (found.environment === undefined)
    throw new UsageError("no environment was found: give --environment <name>");
  return found.environment.value;
}

const several = (value: string, before: string[]): string[] => [...before, value];

export const deploy: Subcommand = {
  name: "deploy",
  summary: "a service was deployed into an environment",
  help: `
Examples:
  asof record deploy --environment production --service acme/billing --image ghcr.io/acme/billing@sha256:…
  asof record deploy --environment production --service acme/billing --image ghcr.io/acme/billing:1.4.2
  asof record deploy --environment production --service acme/shop --component worker --image ghcr.io/acme/worker
  asof record deploy --environment production --service acme/billing --digest sha256:… --rollback
  asof record deploy --environment production --service acme/billing --config-only --config https://github.com/acme/deploy@77aa01c:production/billing.yaml

The image is identified by a digest, else by a tag, else by this run's commit: the image that was built from it in the
repository of --image. With a digest or a tag, the commit is recorded only where --commit is given.
--component records that only this component was deployed, and the others keep running.
--config-only records that only configuration or secrets changed, and the images keep running: give --config, or this run's
commit is the configuration's.
Where tags move, also record --status started: the image is what the tag pointed at when the deployment started. Both
need the same --deployment-id (default: the run's).
A program that carries out a redeployment names it: asof execute sets ASOF_REDEPLOYMENT for the programs that it starts.`,
  options: (command) =>
    command
      .option("--environment <name>", "the environment (default: the CI's)")
      .requiredOption("--service <name>", "the service, like acme/billing")
      .addOption(
        new Option("--status <status>", "how it went")
          .choices(["started", "succeeded", "failed"])
          .default("succeeded"),
      )
      .option("--component <name>", "the only component that was deployed (default: the whole service, main)")
      .option("--image <reference>", "its image: ghcr.io/acme/billing[:tag][@digest]")
      .option("--digest <digest>", "its image's digest, sha256:…")
      .option("--tag <tag>", "its image's tag")
      .option("--config <repository@revision:path>", "its configuration; repeatable", several, [])
      .option("--config-only", "only the configuration changed, and the images keep running")
      .option("--cluster <name>", "the cluster")
      .option("--namespace <name>", "the namespace")
      .option("--deployment-id <id>", "the deployer's own id (default: the run's)")
      .option("--rollback", "it returns to an earlier release")
      .addOption(
        new Option("--outcome <outcome>", "with --status failed: how it ended, if it did not fail").choices(
          ENDINGS,
        ),
      )
      .option("--reason <text>", "with --status failed: why")
      .option("--redeployment <id>", "the redeployment that it carries out (default: $ASOF_REDEPLOYMENT)"),
  statements: (flags, context, { env }) => {
    const options = Options.parse(flags);
    const ending = present({ outcome: options.outcome, reason: options.reason });
    if (options.status !== "failed" && Object.keys(ending).length > 0)
      throw new UsageError("--outcome and --reason need --status failed");
    const { service, status, cluster, namespace, rollback } = options;
    const component = componentFrom(options);
    const given = options.config.map(configFrom);
    const isAlone = options.configOnly === true;
    const config = isAlone ? configurationAlone(options, context, given) : given;
    const data = {
      environment: environmentOf(context),
      service,
      deployment: deploymentOf(context, options.deploymentId),
      ...(isAlone ? {} : { components: [component] }),
      ...(options.component === undefined ? {} : { scope: "components" }),
      ...present({ commit: isAlone ? knownCommit(context) : commitFor(context, component) }),
      ...(config.length === 0 ? {} : { config }),
      ...present({ cluster, namespace }),
      ...present({ rollback, redeployment: options.redeployment ?? (env.ASOF_REDEPLOYMENT || undefined) }),
      ...ending,
      ...actorAndUrl(context),
    };
    return [{ kind: `deployment.${status}`, data }];
  },
};
