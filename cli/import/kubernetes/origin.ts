/** The input of every reader of a cluster's history. */
import type * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { faultsOf } from "../../../schemas/scalars.ts";
import { CliError } from "../../error.ts";
import type { Resource } from "../../kubernetes/cluster.ts";
import { itemsFrom } from "../forges/mapped.ts";
import type { Item } from "../importer.ts";
import type { List } from "./lists.ts";

export interface Origin {
  readonly list: List;
  /** The cluster's name in the ledger. */
  readonly cluster: string;
  /** When the import runs. */
  readonly now: string;
}

type Mapping = (payload: unknown, context: { headers: Headers; receivedAt: string }) => Mapped[];

/** The statements that a webhook of this cluster would give for a payload. */
export const asWebhook = ({ cluster, now }: Origin, map: Mapping, payload: object, where: string): Item[] => [
  ...itemsFrom(map(payload, { headers: new Headers({ "x-asof-cluster": cluster }), receivedAt: now }), where),
];

/** All objects of a kind. Throws a CliError where one has another form than the API's description says. */
export async function* objectsOf<T>(
  { list }: Origin,
  resource: Resource,
  schema: z.ZodType<T>,
): AsyncGenerator<T> {
  for await (const page of list(resource))
    for (const one of page) {
      const parsed = schema.safeParse(one);
      if (!parsed.success)
        throw new CliError(`${resource.plural}.${resource.group}: ${faultsOf(parsed.error)}`);
      yield parsed.data;
    }
}
