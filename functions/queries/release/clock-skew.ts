/** Clock skew: claims whose stamps and arrival give two orders, so that the newest one is uncertain. */

import type { Warning } from "../../../schemas/answer.ts";
import type { Fact } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { MAX_AHEAD_MS } from "../../ledger/as-of.ts";
import { canonical } from "../../ledger/canonical.ts";
import { backwards } from "../../ledger/fact-reader.ts";
import type { Partition } from "../../ledger/store.ts";
import type { Question, Selector } from "../question.ts";
import { type EffectiveDeployments, wholeServicePartitions } from "./deployment-reader.ts";
import { type Claim, isClaim, isOfDeployment, isPart } from "./effective-deployments.ts";
import { slotOf } from "./slots.ts";

/** The two newest claims of a partition: they stand on the page that is read for the newest one. */
async function twoNewest(question: Question, partition: Partition): Promise<Claim[]> {
  const found: Fact[] = [];
  for await (const fact of backwards(question, partition, question.at)) {
    found.push(fact);
    if (found.length === 2) break;
  }
  return found.filter(isClaim);
}

/** Whether a claim was recorded about when it happened. Arrival orders only such claims, not those imported later. */
const isPrompt = ({ occurredAt, recordedAt }: Claim): boolean =>
  Math.abs(Date.parse(recordedAt) - Date.parse(occurredAt)) <= MAX_AHEAD_MS;

const isAboutSame = (a: Claim, b: Claim): boolean => {
  if (!isPart(a) || !isPart(b)) return true;
  const names = new Set(a.components?.map(({ component }) => fold(component)));
  return (b.components ?? []).some(({ component }) => names.has(fold(component)));
};

/** What a claim puts in place, to compare: the order of two claims of the same does not matter. */
const contentOf = ({ kind, components = [], commit }: Claim): string =>
  canonical([
    kind,
    components.map((one) => [slotOf(one), one.digest ?? one.tag ?? commit?.sha ?? ""]).sort(),
  ]);

/** Whether a claim that is older by its stamp arrived after a newer one. */
const isOvertaken = (newer: Claim, older: Claim): boolean =>
  older.occurredAt < newer.occurredAt &&
  older.recordedAt > newer.recordedAt &&
  !isOfDeployment(older) &&
  isPrompt(older) &&
  isPrompt(newer) &&
  isAboutSame(newer, older) &&
  contentOf(newer) !== contentOf(older);

const named = ({ source, occurredAt, recordedAt }: Claim): string =>
  `${source} (stamped ${occurredAt}, recorded ${recordedAt})`;

/** Warnings about the claims in effect. It makes no requests of its own, because the release reads the same pages. */
export async function clockWarnings(
  question: Question,
  selector: Selector,
  { claimed, lastClaim, parts }: EffectiveDeployments,
): Promise<Warning[]> {
  const partitions = [...wholeServicePartitions(selector), ...parts];
  const recent = (await Promise.all(partitions.map((one) => twoNewest(question, one)))).flat();
  const current = new Set([...[...claimed.values()].map(({ claim }) => claim), lastClaim]);
  const messages = recent
    .filter((claim) => current.has(claim))
    .flatMap((claim) => {
      const overtaken = recent.find((other) => isOvertaken(claim, other));
      return overtaken === undefined
        ? []
        : `by its stamp the newest deployment is that of ${named(claim)}, but that of ${named(overtaken)} arrived later; set the clocks of both senders`;
    });
  return messages.sort().map((message) => ({ code: "clock_skew", message }));
}
