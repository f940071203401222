/** The README of a package: what is in it, the commands that check it, and what they cannot show. */
import { anchorPath } from "../../functions/seal/anchor.ts";
import { checkpointPath } from "../../functions/seal/read-log.ts";
import { count } from "../file/progress.ts";
import type { ExportQuery } from "./output.ts";

export interface PackageQuery extends ExportQuery {
  readonly to?: string | undefined;
  readonly tz?: string | undefined;
  readonly environment?: string | undefined;
  readonly service?: string | undefined;
}

export interface Packed {
  readonly url: string;
  readonly at: string;
  readonly query: PackageQuery;
  readonly facts: number;
  readonly environments: readonly string[];
  readonly vkey: string;
  readonly size: number;
  /** The sizes of the checkpoints that an authority has time-stamped; absent: the package has proofs instead of the log. */
  readonly anchors?: readonly number[];
}

function anchorsOf(anchors: readonly number[]): string {
  const newest = anchors.at(-1);
  if (newest === undefined)
    return `No checkpoint of this log was time-stamped by an outside authority. So whoever holds the log's key could have written
all of it anew and signed it: only a checkpoint that you saved earlier (\`--since\`) shows that they did not.`;
  return `An outside authority has time-stamped ${count(anchors.length, "checkpoint")}. With the authority's certificates, which you get from
the authority:

\`\`\`console
openssl ts -verify -in log/${anchorPath(newest)} -data log/${checkpointPath(newest)} -CAfile authority.pem
\`\`\``;
}

const asked = ({ from, to, by, tz, ...filters }: PackageQuery): string => {
  const words = Object.entries(filters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value}`],
  );
  const what = by === "occurredAt" ? "that occurred" : "that were recorded";
  return `the facts ${what} from ${from} to ${to ?? "now"} (${tz ?? "UTC"})${words.length === 0 ? "" : `, of ${words.join(", ")}`}`;
};

const FILES = {
  log: "| `log/` | the whole sealed log: facts of all times and environments, hashes, checkpoint, time-stamps, key |",
  proofs: `| \`facts.proofs\` | for each line of \`facts.ndjson\`, in the same order, the proof that it is in the log |
| \`checkpoint\`, \`key\` | the signed size and root of the log that the proofs lead to, and its public key |`,
};

const SPECIFICATIONS = {
  log: `\`log/\` is made by public specifications
(c2sp.org/tlog-tiles, c2sp.org/signed-note, RFC 6962). Save \`log/checkpoint\`: next time \`--since\` shows that the log went on from
here.`,
  proofs: `\`facts.proofs\` is made by public
specifications (c2sp.org/tlog-proof, c2sp.org/signed-note, RFC 6962), one proof after the other.`,
};

const ONLY_PROOFS = `- **The log itself.** This package is of a part of the ledger: that nothing was dropped from the log, when facts were sealed, and
  that the log goes on from an earlier checkpoint is shown to an auditor who may see all of it. Whoever verifies the log from
  \`checkpoint\` on (\`--since\`) shows that it is the same one.
- **That the part is whole.** Facts that the ledger did not export have no proof here.
`;

export const readmeOf = ({ url, at, query, facts, environments, vkey, size, anchors }: Packed): string => {
  const form = anchors === undefined ? "proofs" : "log";
  const key = anchors === undefined ? "key" : "log/key";
  return `# What was released, and what proves it

Made ${at} from ${url}: ${asked(query)}. ${count(facts, "fact")}; the log has ${count(size, "leaf", "leaves")}.

| file | holds |
| --- | --- |
| \`facts.ndjson\` | the facts of the period, one a line, byte for byte as they lie in the log |
| \`facts.csv\`, \`facts.parquet\` | the same as a table; \`log index\` is the place in the log |
| \`audit/<environment>.html\`, \`.csv\` | each change of the period, who approved it, and what the controls find${environments.length === 0 ? " (none: no environment is known)" : ""} |
${FILES[form]}
| \`asof-verify.mjs\`, \`verify.py\` | two verifiers that share no code |
| \`SHA256SUMS\` | the hash of every other file |

## Check it

Each command works offline, in this folder, and says where something is wrong.

\`\`\`console
node asof-verify.mjs . --key "$(cat ${key})"
python3 verify.py . "$(cat ${key})"
sha256sum --quiet --check SHA256SUMS
\`\`\`

The first needs Node 20.19 or newer and nothing else, the second Python 3.9 with the package \`cryptography\`.

**Whoever gave you this folder could have changed key and verifiers, too.** The key should be the one that you got from the
operator by another way; here it is

    ${vkey}

Take the verifiers from a release of asof that you trust, or write your own: ${SPECIFICATIONS[form]}
${anchors === undefined ? "" : `\n## Time-stamps\n\n${anchorsOf(anchors)}\n`}
## What it does not show

${anchors === undefined ? ONLY_PROOFS : ""}- **That it is complete.** What nobody reported is in no log. The audit report lists silent sources, gaps in the numbers of
  deployers, and what ran without a deployment.
- **That what was reported is true**, \`occurredAt\` included.${anchors === undefined ? "" : " When a fact was known is proved as an interval between two seals."}
- **That the tables and the report say what the facts say.** The verifiers prove \`facts.ndjson\`; of the other copies they check
  the hash, which whoever made the package wrote. They can be made again from the facts.
- Persons are commitments in the facts; the report shows names as they were known when it was made.
`;
};
