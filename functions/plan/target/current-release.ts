/** Reads what a service runs now. */

import type { Release } from "../../../schemas/answer.ts";
import type { AsOf } from "../../ledger/as-of.ts";
import type { Selector } from "../../queries/question.ts";
import { release } from "../../queries/release/release.ts";

/** A moment after all facts: what runs now follows from the newest facts, whatever the clock says. */
export const LAST = "9999-12-31T23:59:59.999Z";

/** What runs according to the newest facts. Its `at` is `knownAt`. @param unknown see `release` */
export async function currentRelease(
  moment: AsOf,
  selector: Selector,
  unknown?: "nothing" | "empty",
): Promise<Release | undefined> {
  const found = await release({ ...moment, at: LAST }, selector, unknown);
  return found && { ...found, at: moment.knownAt };
}
