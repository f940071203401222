/** `asof execute`: carries out on this machine what is asked back. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { Command, InvalidArgumentError, Option } from "commander";
import * as z from "zod";
import { DOES, type Step } from "../schemas/plan.ts";
import { endpoint, signingSecret } from "../schemas/scalars.ts";
import { CliError } from "./error.ts";
import { orderEndpoint } from "./execute/endpoint.ts";
import { executor } from "./execute/executor.ts";
import { EXIT, type Io } from "./io.ts";
import { LedgerOptions, ledgerFrom, textOf, withLedgerOptions } from "./ledger.ts";

const maybe = z.string().optional();
const Options = z.looseObject({
  ...LedgerOptions.shape,
  port: z.number(),
  cwd: z.string(),
  steps: z.array(z.enum(DOES)),
  deploy: maybe,
  secretFile: maybe,
  newSecret: z.boolean().optional(),
});
type Options = z.infer<typeof Options>;

const HELP = `
A ledger sends what is asked back to the executors that it knows (ASOF_EXECUTORS). This is one of the kind webhook, for
services that are deployed from this machine:
  asof execute --new-secret > secret
  asof execute --secret-file secret --steps revert,deploy,check --deploy ./deploy.sh

The steps are those of the plan that the signed order names, by its hash: whoever answers at the ledger's address (https,
or http on this machine) cannot name others. They are run in their order, with this environment (DATABASE_URL and what
else they need) and in --cwd. Their output is shown here, and goes nowhere else. If one fails, the rest is left.
Nothing is begun where not everything can be run: a step of another kind, one that is done by hand, one with a <word>
that somebody has to put in, or one of several ways to deploy (give --deploy).

Every program, and so the one of --deploy, finds in its environment:
  ASOF_REDEPLOYMENT, ASOF_ENVIRONMENT, ASOF_SERVICE
  ASOF_IMAGE    repository@digest of the only component, or of main
  ASOF_IMAGES   [{"component": …, "image": …}, …]
  ASOF_URL, ASOF_TOKEN   the ledger and the token of this command, however it was told them
What deploys also says so: asof record deploy, which knows by ASOF_REDEPLOYMENT what for (with a writer's token, where
ASOF_TOKEN is an executor's); and asof migrations after what was reverted. This command only says how it ended.

The token comes from ASOF_TOKEN or --token-file, and needs the role executor. Ctrl-C ends the step that runs, and says
that the redeployment failed. After a kill nobody says so: the redeployment times out. A ledger that is away is asked
again until it answers, or until the deadline.`;

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
    throw new CliError(`${where}: holds no secret; asof execute --new-secret makes one`);
  }
  return secret;
}

function folderFrom(cwd: string): string {
  const isFolder = statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) throw new CliError(`--cwd ${cwd}: is no folder`);
  return resolve(cwd);
}

/** A path is one of here, and not of --cwd; a bare name is looked for in PATH. */
function programFrom(program: string): string {
  if (!program.includes("/")) return program;
  try {
    accessSync(program, constants.X_OK);
  } catch (cause) {
    throw new CliError(`--deploy ${program}: is no program that may be run`, { cause });
  }
  return resolve(program);
}

/** What the ledger has to be told, whose secret is not shown. */
const entryFor = (url: string, steps: readonly string[]): string =>
  `ASOF_EXECUTORS='${JSON.stringify([{ kind: "webhook", url, secrets: ["whsec_…"], steps }])}'`;

async function listening(fetch: (request: Request) => Response | Promise<Response>, port: number) {
  const server = createAdaptorServer({ fetch });
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new CliError(`--port ${port}: cannot be had on this machine`, { cause });
  }
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : port}/` };
}

async function execute(io: Io, options: Options): Promise<void> {
  const secret = secretFrom(options.secretFile, io);
  const { steps: does } = options;
  const deploy = options.deploy === undefined ? undefined : programFrom(options.deploy);
  const cwd = folderFrom(options.cwd);
  // It outlasts a ledger that is away, whoever looks on.
  const ledger = ledgerFrom(options, { ...io, isAttended: false }, endpoint);
  const interrupted = io.interrupted();
  const works = executor(io, { ledger, does, deploy, cwd, interrupted });
  const { server, url } = await listening(orderEndpoint(secret, works).fetch, options.port);
  io.out(`asof execute listens on ${url}`);
  io.out(`runs ${does.join(", ")} in ${cwd}${deploy === undefined ? "" : `, deploys with ${deploy}`}`);
  io.out(`the ledger knows it by ${entryFor(url, does)}`);
  if (!interrupted.aborted) await once(interrupted, "abort");
  server.close();
  await works.idle();
}

export function executeCommand(io: Io): Command {
  const summary = "carries out on this machine what is asked back";
  const command = new Command("execute")
    .summary(summary)
    .description(summary)
    .option("--port <port>", "where on 127.0.0.1 it listens", portFrom, 8788)
    .option("--cwd <folder>", "where its programs run", ".")
    .addOption(
      new Option("--steps <kinds>", `which kinds of steps it runs, of ${DOES.join(",")}`)
        .argParser(stepsFrom)
        .default(["deploy", "check"], "deploy,check"),
    )
    .option("--deploy <program>", "a program that deploys, in place of the plan's steps")
    .option("--secret-file <file>", "a file that holds the secret (default: $ASOF_EXECUTOR_SECRET)")
    .option("--new-secret", "print a new secret, and end");
  return withLedgerOptions(command)
    .addHelpText("after", HELP)
    .action(async () => {
      const options = Options.parse(command.opts());
      if (options.newSecret === true) io.out(newSecret());
      else await execute(io, options);
      io.end(EXIT.done);
    });
}
