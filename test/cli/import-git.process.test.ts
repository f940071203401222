/** A long history of a repository of manifests. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { deploymentYaml, type Files, manyCommits, newRepository } from "./git-repository.ts";
import { asof, cleanUp, newFolder } from "./harness.ts";

afterEach(cleanUp);

it("of ten thousand commits is imported", { timeout: 300_000 }, async () => {
  const repository = newRepository();
  const services = Array.from({ length: 35 }, (_, n) => `service-${n}`);
  const of = (service: string, tag: number): Files => ({
    [`production/${service}/all.yaml`]: deploymentYaml(service, { c: `ghcr.io/acme/${service}:${tag}` }),
  });
  const first = Object.assign({}, ...services.map((service) => of(service, 0)));
  const later = Array.from({ length: 9999 }, (_, n) => of(services[n % 35] ?? "", n + 1));
  manyCommits(repository, [first, ...later], Date.parse("2026-01-01T00:00:00Z"));
  const file = join(newFolder(), "asof.import.yaml");
  writeFileSync(file, JSON.stringify({ paths: [{ path: "{environment}/{service}/**" }] }));
  const { out } = await asof(["import", "git", repository.folder, "--paths", file, "--dry-run"]);
  expect(out).toContain("would send 10,034 statements: 10034 to record");
  expect(out).toContain("production/service-0  deployment.succeeded: 287, 2026-01-01 to 2026-01-07");
});
