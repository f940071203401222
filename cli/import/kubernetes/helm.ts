/** The revisions of releases that Helm keeps in the cluster, as its webhook's senders post them. */
import { helm as webhook } from "../../../functions/sources/deployers/helm.ts";
import type { Item } from "../importer.ts";
import { asWebhook, type Origin } from "./origin.ts";

/** Helm keeps them in Secrets, unless it is told to use ConfigMaps. */
const KINDS = ["Secret", "ConfigMap"] as const;

export async function* helm(origin: Origin): AsyncGenerator<Item> {
  for (const kind of KINDS)
    for await (const kept of origin.api.labelled(kind, "owner=helm"))
      for (const one of kept)
        yield* asWebhook(origin, webhook.toStatements, { ...one, kind }, `a release in a ${kind}`);
}
