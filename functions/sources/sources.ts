/**
 * Every supported vendor, each loaded at its first call, because a ledger has few kinds of senders. To add one: a file,
 * its samples in `test/golden`, a line here.
 */
import type { Source } from "./source.ts";

export const SOURCES: ReadonlyMap<string, () => Promise<Source>> = new Map([
  ["alertmanager", async () => (await import("./alerts/alertmanager.ts")).alertmanager],
  ["argocd", async () => (await import("./deployers/argocd.ts")).argocd],
  ["aws", async () => (await import("./aws/aws.ts")).aws],
  ["azure", async () => (await import("./registries/azure.ts")).azure],
  ["azure-devops", async () => (await import("./forges/azure-devops.ts")).azureDevops],
  ["bitbucket", async () => (await import("./forges/bitbucket.ts")).bitbucket],
  ["cdevents", async () => (await import("./standards/cdevents-webhook.ts")).cdevents],
  ["distribution", async () => (await import("./registries/distribution.ts")).distribution],
  ["docker-hub", async () => (await import("./registries/docker-hub.ts")).dockerHub],
  ["flux", async () => (await import("./deployers/flux.ts")).flux],
  ["github", async () => (await import("./forges/github.ts")).github],
  ["gitlab", async () => (await import("./forges/gitlab.ts")).gitlab],
  ["google", async () => (await import("./registries/google.ts")).google],
  ["harbor", async () => (await import("./registries/harbor.ts")).harbor],
  ["helm", async () => (await import("./deployers/helm.ts")).helm],
  ["jfrog", async () => (await import("./registries/jfrog.ts")).jfrog],
  ["kubernetes", async () => (await import("./deployers/kubernetes.ts")).kubernetes],
  ["pagerduty", async () => (await import("./alerts/pagerduty.ts")).pagerduty],
  ["quay", async () => (await import("./registries/quay.ts")).quay],
]);

export const allSources = (): Promise<Source[]> => Promise.all([...SOURCES.values()].map((load) => load()));
