/** `asof execute`: an executor on this machine, which carries out redeployments. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { type Command, InvalidArgumentError, Option } from "commander";
import * as z from "zod";
import { DOES, type Step } from "../../schemas/plan.ts";
import { endpoint, signingSecret } from "../../schemas/scalars.ts";
import { UsageError } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { LedgerOptions, ledgerFrom, textOf, withLedgerOptions } from "../ledger/ledger.ts";
import { fetchRedeployment } from "../plan/redeployment.ts";
import { orderEndpoint } from "./endpoint.ts";
import { type ExecutorSettings, executor } from "./executor.ts";

const maybe = z.string().optional();
const Options = z.looseObject({
  ...LedgerOptions.shape,
  port: z.number(),
  cwd: z.string(),
  steps: z.array(z.enum(DOES)),
  deploy: maybe,
  secretFile: maybe,
  newSecret: z.boolean().optional(),
  once: z.union([z.string(), z.literal(true)]).optional(),
  planHash: maybe,
});
type Options = z.infer<typeof Options>;

const HELP = `
A ledger sends each requested redeployment to one of its executors (ASOF_EXECUTORS). This command is an executor of kind
webhook, for services that are deployed from this machine:
  asof execute --new-secret > secret
  asof execute --secret-file secret --steps revert,deploy,check --deploy ./deploy.sh

In a CI job that the ledger started (executors of kind github and gitlab), --once carries out the redeployment that the job
was started for, and ends: with 0 if it succeeded, or is not to be carried out any more; with 1 if it failed. Nobody listens,
and no secret is needed: the job knows the redeployment and its plan's hash from its inputs.
  asof execute --once --steps revert,deploy,check     with ASOF_REDEPLOYMENT and ASOF_PLAN_HASH

It runs the steps of the plan whose hash the signed request names, the ledger's request confirms, and the plan at the
ledger's own address has, so that nobody who answers there (https, or http on this machine) can substitute others. It takes
the redeployment first, so that no other executor runs or ends it. Steps run in order, in --cwd, with this environment (DATABASE_URL
and whatever else they need). Their output is printed here and sent nowhere. After a failed step, no further one runs.
Nothing starts unless every step can run. These cannot: a step of a kind not in --steps, a manual step, a command with a
<placeholder> that somebody has to fill in, and several alternative ways to deploy (give --deploy).

Every program, including that of --deploy, has in its environment:
  ASOF_REDEPLOYMENT, ASOF_ENVIRONMENT, ASOF_SERVICE
  ASOF_IMAGE    repository@digest of the only component, or of main; the digest or the commit of what is no image
  ASOF_IMAGES   [{"component": …, "image": …}, …]
  ASOF_COMMIT   the commit, if it is known
  ASOF_CONFIG   [{"repository": …, "revision": …, "path": …}, …]: the configuration that ran with them, as far as known
  ASOF_URL, ASOF_TOKEN   this command's ledger and token
The deploying program reports the deployment itself: asof record deploy reads ASOF_REDEPLOYMENT (it needs a writer's token;
ASOF_TOKEN is an executor's), and asof migrations after a revert. This command reports only how the redeployment ended.

The token comes from ASOF_TOKEN or --token-file, else it is the CI job's own (OIDC). It needs the role executor. Ctrl-C ends the running step and reports
the redeployment as failed. After a kill nothing is reported, and the redeployment times out. While the ledger cannot be
reached, requests are repeated until the redeployment's deadline.`;

const stepsFrom = (list: string): Step["does"][] => {
  const steps = z.array(z.enum(DOES)).min(1).safeParse(list.split(","));
  if (!steps.success) throw new InvalidArgumentError(`Must be of ${DOES.join(", ")}, separated by commas.`);
  return steps.data;
};

function portFrom(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError("Must be a port.");
  return Number(text);
}

const newSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;

function secretFrom(file: string | undefined, { env }: Io): string {
  const secret = (
    file === undefined ? (env.ASOF_EXECUTOR_SECRET ?? "") : textOf("--secret-file", file)
  ).trim();
  const where = file === undefined ? "ASOF_EXECUTOR_SECRET" : `--secret-file ${file}`;
  if (!signingSecret.safeParse(secret).success) {
    throw new UsageError(`${where}: holds no secret; create one with asof execute --new-secret`);
  }
  return secret;
}

function folderFrom(cwd: string): string {
  const isFolder = statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) throw new UsageError(`--cwd ${cwd}: is not a folder`);
  return resolve(cwd);
}

/** A path is relative to the current folder, not to --cwd; a bare name is looked up in PATH. */
function programFrom(program: string): string {
  if (!program.includes("/")) return program;
  try {
    accessSync(program, constants.X_OK);
  } catch (cause) {
    throw new UsageError(`--deploy ${program}: is not an executable file`, { cause });
  }
  return resolve(program);
}

/** The entry for the ledger's configuration, without the secret. */
const entryFor = (url: string, steps: readonly string[]): string =>
  `ASOF_EXECUTORS='${JSON.stringify([{ kind: "webhook", url, secrets: ["whsec_…"], steps }])}'`;

async function listen(fetch: (request: Request) => Response | Promise<Response>, port: number) {
  const server = createAdaptorServer({ fetch });
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new UsageError(`--port ${port}: is not available on this machine`, { cause });
  }
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : port}/` };
}

/** What it runs, where, and for which ledger. */
function settingsFrom(io: Io, options: Options): ExecutorSettings {
  const deploy = options.deploy === undefined ? undefined : programFrom(options.deploy);
  const cwd = folderFrom(options.cwd);
  // It keeps retrying where a person would not wait.
  const ledger = ledgerFrom(options, { ...io, isAttended: false }, endpoint);
  return { ledger, does: options.steps, deploy, cwd, interrupted: io.interrupted() };
}

/** An input of the job: of an option, else of a variable. Throws a UsageError without one. */
function inputFrom(given: string | true | undefined, variable: string, option: string, { env }: Io): string {
  const value = given === true || given === undefined ? env[variable] : given;
  if (value !== undefined && value !== "") return value;
  throw new UsageError(`--once: needs ${option} or ${variable}, from the inputs of the job`);
}

/** Carries out one redeployment. */
async function executeOnce(io: Io, options: Options): Promise<void> {
  const id = inputFrom(options.once, "ASOF_REDEPLOYMENT", "the redeployment's id", io);
  const planHash = inputFrom(options.planHash, "ASOF_PLAN_HASH", "--plan-hash", io);
  const settings = settingsFrom(io, options);
  const redeployment = await fetchRedeployment(settings.ledger, id);
  const ending = await executor(io, settings).carryOut({ ...redeployment, planHash });
  const isWell = ending === "succeeded" || ending === "not run";
  io.end(isWell ? EXIT.done : EXIT.no);
}

async function execute(io: Io, options: Options): Promise<void> {
  const secret = secretFrom(options.secretFile, io);
  const settings = settingsFrom(io, options);
  const { does, cwd, deploy, interrupted } = settings;
  const worker = executor(io, settings);
  const { server, url } = await listen(orderEndpoint(secret, worker).fetch, options.port);
  io.out(`asof execute listens on ${url}`);
  io.out(`runs ${does.join(", ")} in ${cwd}${deploy === undefined ? "" : `, deploys with ${deploy}`}`);
  io.out(`add it to the ledger: ${entryFor(url, does)}`);
  if (!interrupted.aborted) await once(interrupted, "abort");
  server.close();
  await worker.idle();
}

export function executeCommand(command: Command, io: Io): Command {
  command
    .option("--port <port>", "the port to listen on, at 127.0.0.1", portFrom, 8788)
    .option("--cwd <folder>", "the working folder of its programs", ".")
    .addOption(
      new Option("--steps <kinds>", `the kinds of steps to run, out of ${DOES.join(",")}`)
        .argParser(stepsFrom)
        .default(["deploy", "check"], "deploy,check"),
    )
    .option("--deploy <program>", "a program that deploys, instead of the plan's steps")
    .option("--secret-file <file>", "a file that holds the secret (default: $ASOF_EXECUTOR_SECRET)")
    .option("--new-secret", "print a new secret and exit")
    .option("--once [redeployment]", "carry out this one (default: $ASOF_REDEPLOYMENT), and exit")
    .option("--plan-hash <hash>", "with --once: the hash of its plan (default: $ASOF_PLAN_HASH)");
  return withLedgerOptions(command)
    .addHelpText("after", HELP)
    .action(async () => {
      const options = Options.parse(command.opts());
      if (options.once !== undefined) return executeOnce(io, options);
      if (options.newSecret === true) io.out(newSecret());
      else await execute(io, options);
      io.end(EXIT.done);
    });
}
