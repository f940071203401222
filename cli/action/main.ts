/**
 * The GitHub Action: `asof record` and `asof gate`, with inputs for options. Built into one file, `action/index.js`, which
 * GitHub runs from the repository (docs.github.com, "Metadata syntax for GitHub Actions").
 */
import * as core from "@actions/core";
import type { Io } from "../io.ts";
import { programOf, run } from "../run.ts";
import { argumentsOf, commandNames, commands, optionsOf } from "./inputs.ts";
import { report } from "./report.ts";

/** Inputs come before the job's variables. A token is masked in the log, wherever it came from. */
function environmentOf(env: Io["env"]): Io["env"] {
  const [url, token] = [core.getInput("url"), core.getInput("token")];
  if (token !== "") core.setSecret(token);
  return { ...env, ...(url === "" ? {} : { ASOF_URL: url }), ...(token === "" ? {} : { ASOF_TOKEN: token }) };
}

async function main(): Promise<void> {
  const name = core.getInput("command", { required: true });
  const lines: string[] = [];
  const errors: string[] = [];
  let code = 0;
  const io: Io = {
    env: environmentOf(process.env),
    out: (line) => void lines.push(line),
    err: (line) => void errors.push(line.replace(/^asof: /, "")),
    now: () => new Date(),
    waitMs: 1000,
    isAttended: false,
    interrupted: () => new AbortController().signal,
    end: (ended) => {
      code = ended;
    },
  };
  const options = await optionsOf(name, io);
  if (options === undefined)
    throw new Error(
      `command: must be one of ${(await commandNames(io)).join(", ")}, and is ${JSON.stringify(name)}`,
    );
  const args = argumentsOf(name, options, core.getInput);
  await run(args, io, async (safe) => programOf(await commands(safe)));
  const answer = lines.at(-1);
  if (answer !== undefined) await report(answer);
  for (const error of errors) (code === 0 ? core.warning : core.info)(error);
  if (code === 0) return;
  // The process ends by itself, with the code that the command has.
  core.setFailed(
    errors.at(-1) ?? (name === "gate" ? "the gate refuses this image" : `asof ${name} ended with ${code}`),
  );
  process.exitCode = code;
}

main().catch((error: unknown) => core.setFailed(error instanceof Error ? error.message : String(error)));
