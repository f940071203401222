/** `asof completion`: a shell completes commands, options, and the names of the ledger. */
import { Argument, Command, Option } from "commander";
import type { LedgerClient } from "../../functions/adapters/api-client.ts";
import { sendOnce } from "../../functions/adapters/api-request.ts";
import { allPages } from "../../schemas/words/answer-pages.ts";
import { commandsFor } from "../commands.ts";
import { EXIT, type Io } from "../io.ts";
import { contextsOf } from "../ledger/contexts.ts";
import { LedgerOptions, ledgerFrom } from "../ledger/ledger.ts";
import { candidates, forBash, type Names, typedLine } from "./candidates.ts";
import { SCRIPTS, SHELLS, type Shell } from "./scripts.ts";

const HELP = `
Add one of these lines to the start-up file of your shell:
  source <(asof completion bash)                 # ~/.bashrc
  source <(asof completion zsh)                  # ~/.zshrc, after compinit
  asof completion fish | source                  # ~/.config/fish/config.fish

Names of environments and services come from the ledger of ASOF_URL and ASOF_TOKEN; without an answer within a second
there are none.`;

/** Somebody waits with a finger on the key. */
const TIMEOUT_MS = 1000;
const PAGES_MAX = 10;

/** REPOSITORY:TAG of what runs in an environment. */
async function tagsIn(client: LedgerClient, environment: string): Promise<string[]> {
  const { releases } = await client.snapshot({ environment, limit: 100 });
  return releases.flatMap(({ components }) =>
    components.flatMap(({ repository, tags }) =>
      repository === null ? [] : tags.map((tag) => `${repository}:${tag}`),
    ),
  );
}

const namesFrom = (client: LedgerClient, io: Io): Names => ({
  places: async () => {
    const pages = await allPages((more) => client.services({ limit: 100, ...more }), PAGES_MAX);
    return pages.flatMap(({ services }) =>
      services.flatMap(({ service, environments }) =>
        environments.flatMap((environment) => [environment, `${environment}/${service}`]),
      ),
    );
  },
  tags: async () => {
    const { environments } = await client.environments({ limit: 100 });
    const found = await Promise.all(environments.map(({ environment }) => tagsIn(client, environment)));
    return found.flat();
  },
  contexts: () => Object.keys(contextsOf(io).contexts),
  environments: async () => {
    const pages = await allPages((more) => client.environments({ limit: 100, ...more }), PAGES_MAX);
    return pages.flatMap(({ environments }) => environments.map(({ environment }) => environment));
  },
  services: async (environment) => {
    const pages = await allPages((more) => client.services({ limit: 100, ...more, environment }), PAGES_MAX);
    return pages.flatMap(({ services }) => services.map(({ service }) => service));
  },
});

/** Candidates, one a line. A question to the ledger that fails has none: nothing may be printed beside a prompt. */
async function complete(shell: Shell, line: string, io: Io): Promise<string[]> {
  const typed = typedLine(line);
  const program = new Command("asof");
  for (const command of await commandsFor(typed.words, io)) program.addCommand(command);
  try {
    const ledger = ledgerFrom(LedgerOptions.parse({}), io);
    const { clientOver } = await import("../../functions/adapters/api-client.ts");
    const names = namesFrom(
      clientOver((request) => sendOnce(ledger, request, TIMEOUT_MS)),
      io,
    );
    const found = await candidates(program, typed, names);
    return shell === "bash" ? found.map((one) => forBash(one, typed)) : found;
  } catch {
    return [];
  }
}

export const completionCommand = (command: Command, io: Io): Command =>
  command
    .addArgument(new Argument("<shell>", "for which shell").choices(SHELLS))
    .addOption(new Option("--line <text>", "the command line up to the cursor").hideHelp())
    .addHelpText("after", HELP)
    .action(async (shell: Shell, { line }: { line?: string }) => {
      const lines = line === undefined ? [SCRIPTS[shell]] : await complete(shell, line, io);
      for (const one of lines) io.out(one);
      io.end(EXIT.done);
    });
