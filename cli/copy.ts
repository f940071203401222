/** `asof copy`: one ledger into another, between a file and DynamoDB. */
import type { Command } from "commander";
import { copyBetween, type Location } from "../functions/adapters/copy-between.ts";
import { UsageError } from "./error.ts";
import { withStoreFaults } from "./file/ledger-file.ts";
import { count, progressOn } from "./file/progress.ts";
import { EXIT, type Io } from "./io.ts";

const HELP = `
Examples:
  asof copy /var/lib/asof/ledger.db dynamodb:asof-facts/asof-people           # one machine to AWS
  asof copy dynamodb:asof-facts/asof-people /srv/asof/ledger.db               # and back
  asof copy dynamodb:facts/people@http://127.0.0.1:8000 ledger.db             # from an emulator

A location is the path of a ledger's file, or dynamodb:FACTS[/PEOPLE][@ENDPOINT]: the names of the two tables (the second
defaults to $ASOF_PEOPLE_TABLE), which must exist, and an endpoint that is not AWS's. Region and credentials are those of
the AWS SDK.

Facts keep their bytes and recordedAt; persons come along. Quarantine and jobs do not. Stop the ledger that uses the source
file. From DynamoDB, facts are copied that were recorded until a minute ago: run the command again for later ones.
The target must be empty, or an unfinished copy of the same source: then the copy goes on. At the end both sides are read
again and compared.

Exit codes:
  0  both hold the same
  1  they do not: one line says why. Running the command again is safe
  2  the command line is invalid`;

const TABLES = /^dynamodb:([\w.-]+)(?:\/([\w.-]+))?(?:@(https?:\/\/.+))?$/;

function locationOf(name: string, { env }: Io): Location {
  if (!name.startsWith("dynamodb:")) return { is: "file", file: name };
  const [, facts, people = env.ASOF_PEOPLE_TABLE ?? "", endpoint] = TABLES.exec(name) ?? [];
  if (facts === undefined)
    throw new UsageError(
      `${name}: must be like dynamodb:FACTS/PEOPLE or dynamodb:FACTS/PEOPLE@http://127.0.0.1:8000`,
    );
  if (people === "")
    throw new UsageError(
      `${name}: names no table of people; add it as dynamodb:${facts}/PEOPLE, or set ASOF_PEOPLE_TABLE`,
    );
  return { is: "tables", facts, people, ...(endpoint === undefined ? {} : { endpoint }) };
}

export function copyCommand(command: Command, io: Io): Command {
  return command
    .argument("<from>", "the source: a file, or dynamodb:FACTS/PEOPLE")
    .argument("<to>", "the target, empty: a file, or dynamodb:FACTS/PEOPLE")
    .addHelpText("after", HELP)
    .action(async (from: string, to: string) => {
      if (from === to) throw new UsageError(`${from}: is both source and target`);
      const source = { name: from, location: locationOf(from, io) };
      const target = { name: to, location: locationOf(to, io) };
      const progress = progressOn(io);
      const { facts, written, people, sha256 } = await withStoreFaults(() =>
        copyBetween(source, target, io.now(), (phase, done) =>
          progress(() => `${phase}: ${count(done, "fact")}`),
        ),
      );
      io.out(`${to}: ${count(facts, "fact")} (${written} new), ${count(people, "person", "persons")}`);
      io.out(`both sides: sha256:${sha256}`);
      io.end(EXIT.done);
    });
}
