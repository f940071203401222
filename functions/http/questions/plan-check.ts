/**
 * Asks registries whether the images of a plan exist now. The result is added to the answer and is not part of the plan: a
 * registry's momentary answer is not a fact, and the same facts must give the same plan and hash.
 */
import { setTimeout } from "node:timers/promises";
import { pinnedImage } from "../../../schemas/pinned-image.ts";
import type { Plan, PlannedService, RegistryCheck } from "../../../schemas/plan.ts";
import { type Registries, RegistryError } from "../../ledger/ingest/registries.ts";
import { mapLimit } from "../../ledger/map-limit.ts";
import type { Ledger } from "../context.ts";

/** A person waits for the plan. An image without an answer by then is `unknown`. */
const PATIENCE_MS = 8000;
/** Images checked at once at one registry. Each costs one request at a time. */
const AT_ONCE = 8;

type Answer = Omit<RegistryCheck["images"][number], "image">;

/** The images to deploy, the images to copy from, and the images with down scripts. */
function imagesOf(planned: Plan | PlannedService): string[] {
  const deployed = planned.components.flatMap(({ image }) => image ?? []);
  if (!("steps" in planned)) return deployed;
  const copied = planned.steps
    .filter(({ does }) => does === "copy")
    .flatMap(({ commands }) => commands.flatMap(({ argv }) => argv))
    .flatMap((word) => /^docker:\/\/(.+)$/.exec(word)?.[1] ?? []);
  return [...deployed, ...copied, ...planned.schema.revert.flatMap(({ image }) => image ?? [])];
}

const hostOf = (image: string): string => image.slice(0, image.indexOf("/"));

function gone(image: string, digest: string, missing: string): Answer {
  const what = missing === digest ? "it is not there" : `${missing}, which it refers to, is not there`;
  const reason = `${hostOf(image)} reports that ${what}. The plan's status and steps depend on facts alone: if no fact says so yet, report artifact.deleted and ask again`;
  return { answer: "gone", reason };
}

async function answerOf(registries: Registries, image: string): Promise<Answer> {
  const { repository, digest } = pinnedImage(image) ?? { repository: image, digest: "" };
  if (!registries.knows(repository)) {
    return {
      answer: "unknown",
      reason: `the registry ${hostOf(image)} may not be queried: add it to ASOF_REGISTRIES`,
    };
  }
  try {
    const missing = await registries.missing(repository, digest);
    return missing === undefined ? { answer: "there" } : gone(image, digest, missing);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { answer: "unknown", reason: error.message };
  }
}

const timedOut = (image: string, patienceMs: number): Answer => ({
  answer: "unknown",
  reason: `${hostOf(image)} did not answer within ${patienceMs / 1000} s`,
});

/** Asks all registries at once, so that a slow one does not delay the others. */
export async function checkImages(
  ledger: Ledger,
  plans: readonly (Plan | PlannedService)[],
): Promise<RegistryCheck> {
  const { patienceMs = PATIENCE_MS } = ledger;
  const registries = await ledger.registries();
  const checkedAt = ledger.now().toISOString();
  const images = [...new Set(plans.flatMap(imagesOf))];
  const answers = new Map<string, Answer>();
  const ended = new AbortController();
  const ask = async (image: string): Promise<void> => {
    if (!ended.signal.aborted) answers.set(image, await answerOf(registries, image));
  };
  const all = [...new Set(images.map(hostOf))].map((host) =>
    mapLimit(
      AT_ONCE,
      images.filter((image) => hostOf(image) === host),
      ask,
    ),
  );
  try {
    await Promise.race([Promise.all(all), setTimeout(patienceMs, undefined, { signal: ended.signal })]);
  } finally {
    ended.abort();
  }
  return {
    checkedAt,
    images: images.map((image) => ({ image, ...(answers.get(image) ?? timedOut(image, patienceMs)) })),
  };
}
