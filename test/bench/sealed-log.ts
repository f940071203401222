/**
 * Writes a sealed log of so many deployments into a new folder, and prints its key: what `asof verify` is measured with.
 *
 *     node --import tsx test/bench/sealed-log.ts <folder> <facts>
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeKey } from "../../functions/seal/note.ts";
import { MAX_FACTS_OF_SEAL } from "../../functions/seal/seal-leaf.ts";
import { LogWriter } from "../seal/made-log.ts";
import { newSigner } from "../seal/signer.ts";

const [, , folder = "", facts = "1000000"] = process.argv;
mkdirSync(folder);

const signer = newSigner("bench.example/log");
const log = new LogWriter(signer, (path, bytes) => {
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
});

const digest = (n: number): string => `sha256:${n.toString(16).padStart(64, "0")}`;
const sha = (n: number): string => n.toString(16).padStart(40, "0");
const START_MS = Date.UTC(2026, 0, 1);

for (let n = 0; n < Number(facts); n++) {
  const minutes = Math.floor(n / MAX_FACTS_OF_SEAL);
  log.fact(`run-${n}`, new Date(START_MS + minutes * 60_000 + (n % MAX_FACTS_OF_SEAL)).toISOString(), {
    ...{ kind: "deployment.succeeded", source: `/ci/github.com/acme/service-${n % 300}` },
    ...{ environment: "production", service: `acme/service-${n % 300}` },
    deployment: { provider: "github", instance: "github.com", id: String(n) },
    components: [
      { component: "main", digest: digest(n), repository: "ghcr.io/acme/billing", tag: `1.4.${n}` },
    ],
    commit: { repository: "https://github.com/acme/billing", sha: sha(n) },
    config: [
      {
        repository: "https://github.com/acme/deploy",
        revision: sha(n),
        path: "envs/production/billing.yaml",
      },
    ],
  });
  if ((n + 1) % MAX_FACTS_OF_SEAL === 0 || n + 1 === Number(facts))
    await log.seal(new Date(START_MS + (minutes + 1) * 60_000).toISOString());
}
console.log(writeKey(signer.key));
