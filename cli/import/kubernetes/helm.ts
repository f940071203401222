/** Reads the revisions of releases that Helm keeps in the cluster, in the form that is posted to its webhook. */
import * as z from "zod";
import { helm as webhook } from "../../../functions/sources/deployers/helm.ts";
import type { Item } from "../importer.ts";
import { asWebhook, type Origin } from "./origin.ts";

/** Helm keeps them in Secrets, unless it is told to use ConfigMaps. */
const KINDS = { secrets: "Secret", configmaps: "ConfigMap" } as const;
const Kept = z.looseObject({});

export async function* helm(origin: Origin): AsyncGenerator<Item> {
  // A list does not name the kind of its items.
  for (const [plural, kind] of Object.entries(KINDS))
    for await (const kept of origin.list({ group: "", version: "v1", plural }, "owner=helm"))
      for (const one of kept)
        yield* asWebhook(
          origin,
          webhook.toStatements,
          { ...Kept.parse(one), kind },
          `a release in a ${kind}`,
        );
}
