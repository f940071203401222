/**
 * Every vendor whose webhooks are understood, each loaded when it first calls, for few senders ever call one ledger.
 * To add one: a file, its samples in `test/golden`, a line here.
 */
import type { Source } from "./source.ts";

export const SOURCES: ReadonlyMap<string, () => Promise<Source>> = new Map([
  ["argocd", async () => (await import("./argocd.ts")).argocd],
  ["aws", async () => (await import("./aws.ts")).aws],
  ["azure", async () => (await import("./azure.ts")).azure],
  ["azure-devops", async () => (await import("./azure-devops.ts")).azureDevops],
  ["bitbucket", async () => (await import("./bitbucket.ts")).bitbucket],
  ["distribution", async () => (await import("./distribution.ts")).distribution],
  ["docker-hub", async () => (await import("./docker-hub.ts")).dockerHub],
  ["flux", async () => (await import("./flux.ts")).flux],
  ["github", async () => (await import("./github.ts")).github],
  ["gitlab", async () => (await import("./gitlab.ts")).gitlab],
  ["google", async () => (await import("./google.ts")).google],
  ["harbor", async () => (await import("./harbor.ts")).harbor],
  ["helm", async () => (await import("./helm.ts")).helm],
  ["jfrog", async () => (await import("./jfrog.ts")).jfrog],
  ["kubernetes", async () => (await import("./kubernetes.ts")).kubernetes],
  ["quay", async () => (await import("./quay.ts")).quay],
]);

export const allSources = (): Promise<Source[]> => Promise.all([...SOURCES.values()].map((load) => load()));
