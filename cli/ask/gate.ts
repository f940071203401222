/** `asof gate`: whether an image may be deployed, and by which evidence. */
import type { Command } from "commander";
import * as z from "zod";
import type { Gate } from "../../schemas/answers/gate.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { callLedger } from "../ledger/client.ts";
import { LedgerOptions, ledgerFrom, withLedgerOptions } from "../ledger/ledger.ts";

const Options = z.looseObject({
  ...LedgerOptions.shape,
  environment: z.string(),
  service: z.string(),
  digest: z.string(),
  at: z.string().optional(),
  dryRun: z.boolean().optional(),
  json: z.boolean().optional(),
});

const HELP = `
Example:
  asof gate --environment production --service acme/billing --digest "$DIGEST"

It changes nothing. The token comes from ASOF_TOKEN or --token-file, and needs a role that may read or write.

Exit codes:
  0  the image may be deployed; with --dry-run: the gate answered
  1  it may not: the reasons are printed
${EXIT_CODES}`;

type Requirement = NonNullable<Gate["requirements"]>[number];
type Evidence = Requirement["for"][number];

const ofEvidence = ({ type, verdict, by, at, url }: Evidence): string =>
  [type, verdict, by === undefined ? undefined : `by ${by}`, at, url]
    .filter((part) => part != null)
    .join(" ");

function ofRequirement({ requirement, met, missing, for: pro, against }: Requirement): string[] {
  const why = missing === undefined ? "" : `: ${missing}`;
  return [
    `${met ? "met" : "not met"}: ${requirement}${why}`,
    ...pro.map((one) => `  for: ${ofEvidence(one)}`),
    ...against.map((one) => `  against: ${ofEvidence(one)}`),
  ];
}

/** The answer in lines, without control characters. */
function formatGate({ environment, service, digest, allowed, reasons, warnings, requirements = [] }: Gate) {
  const lines = [
    `${service} in ${environment}, ${digest}: ${allowed ? "allowed" : "refused"}`,
    ...reasons.map(({ code, message }) => `refused: ${message} (${code})`),
    ...warnings.map(({ code, message }) => `warning: ${message} (${code})`),
    ...requirements.flatMap(ofRequirement),
  ];
  return lines.map((line) => line.replaceAll(/\p{Cc}+/gu, " "));
}

export const gateCommand = (command: Command, io: Io): Command =>
  withLedgerOptions(command)
    .requiredOption("--environment <name>", "where it is to be deployed")
    .requiredOption("--service <name>", "what is to be deployed")
    .requiredOption("--digest <digest>", "the image: sha256:…")
    .option("--at <time>", "what the gate would have answered then")
    .option("--dry-run", "end with 0 even if the image is refused")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", HELP)
    .action(async () => {
      const options = Options.parse(command.opts());
      const { environment, service, digest, at, dryRun, json } = options;
      const asked = { environment, service, digest, ...(at === undefined ? {} : { at }) };
      const gate = await callLedger(ledgerFrom(options, io), (client) => client.gate(asked));
      for (const line of json === true ? [JSON.stringify(gate)] : formatGate(gate)) io.out(line);
      io.end(gate.allowed || dryRun === true ? EXIT.done : EXIT.no);
    });
