/** `asof copy`: one ledger into another, between a file and DynamoDB. */
import type { Command } from "commander";
import * as z from "zod";
import { copyBetween } from "../../functions/adapters/copy-between.ts";
import { UsageError } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { withStoreFaults } from "./ledger-file.ts";
import { bucketOf, locationOf } from "./locations.ts";
import { count, progressOn } from "./progress.ts";

const HELP = `
Examples:
  asof copy /var/lib/asof/ledger.db dynamodb:asof-facts/asof-people           # one machine to AWS
  asof copy --log s3:asof-log dynamodb:asof-facts/asof-people /srv/asof/ledger.db     # and back, with the sealed log
  asof copy dynamodb:facts/people@http://127.0.0.1:8000 ledger.db             # from an emulator

A location is the path of a ledger's file, or dynamodb:FACTS[/PEOPLE][@ENDPOINT]: the names of the two tables (the second
defaults to $ASOF_PEOPLE_TABLE), which must exist, and an endpoint that is not AWS's. Region and credentials are those of
the AWS SDK.

Facts keep their bytes and recordedAt; persons and the sealed log come along (of tables with --log), and the target's own key
signs the log there. Quarantine and jobs do not. Stop the ledger that uses the source
file. From DynamoDB, facts are copied that were recorded until a minute ago: run the command again for later ones.
The target must be empty, or an unfinished copy of the same source: then the copy goes on. At the end both sides are read
again and compared.

Exit codes:
  0  both hold the same
  1  they do not: one line says why. Running the command again is safe
  2  the command line is invalid`;

const Options = z.looseObject({ log: z.string().optional() });

export function copyCommand(command: Command, io: Io): Command {
  return command
    .argument("<from>", "the source: a file, or dynamodb:FACTS/PEOPLE")
    .argument("<to>", "the target, empty: a file, or dynamodb:FACTS/PEOPLE")
    .option("--log <bucket>", "the bucket of the tables' sealed log, like s3:asof-log")
    .addHelpText("after", HELP)
    .action(async (from: string, to: string) => {
      if (from === to) throw new UsageError(`${from}: is both source and target`);
      const source = { name: from, location: locationOf(from, io) };
      const target = { name: to, location: locationOf(to, io) };
      const progress = progressOn(io);
      const { log } = Options.parse(command.opts());
      const { facts, written, people, sha256, ...carried } = await withStoreFaults(() =>
        copyBetween(source, target, {
          ...(log === undefined ? {} : { bucket: bucketOf(log) }),
          now: io.now(),
          progress: (phase, done) => progress(() => `${phase}: ${count(done, "fact")}`),
        }),
      );
      io.out(`${to}: ${count(facts, "fact")} (${written} new), ${count(people, "person", "persons")}`);
      io.out(`both sides: sha256:${sha256}`);
      io.out(
        carried.log === undefined
          ? "the sealed log was not carried: see docs/operate.md#copy"
          : `the sealed log was carried: ${count(carried.log.facts, "fact")}; the next seal there signs it`,
      );
      io.end(EXIT.done);
    });
}
