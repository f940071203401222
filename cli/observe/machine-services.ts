/** Turns what one machine's services run into observations. */
import { hashOf } from "../../functions/sources/payload.ts";
import type { Item } from "../import/importer.ts";
import { observeSource } from "./sources.ts";

/** A service as it runs. */
export interface RunningService {
  readonly environment: string;
  readonly service: string;
  /** Since when all of it runs as it does: RFC 3339. */
  readonly since: string;
  /** The components, and more fields of the observation. */
  readonly shown: { readonly components: readonly object[]; readonly [field: string]: unknown };
}

/**
 * The observation of a service at a step of looks, but not before it began: then, too, it ran. The id is made of what was
 * seen, so that a second look of one step is a duplicate.
 */
export function observationOf(
  observer: string,
  where: string,
  step: string,
  { environment, service, since, shown }: RunningService,
): Extract<Item, { is: "statement" }> {
  const occurredAt = step > since ? step : since;
  return {
    is: "statement",
    statement: {
      kind: "deployment.observed",
      source: observeSource(observer, where),
      id: hashOf(environment, service, occurredAt, since, JSON.stringify(shown)),
      occurredAt,
      since,
      environment,
      service,
      ...shown,
    },
  };
}

/** The last of RFC 3339 times of one form; undefined without any. */
export const latest = (times: readonly string[]): string | undefined => times.toSorted().at(-1);
