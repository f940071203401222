/**
 * Whether the images of a plan are really there, as their registries say now. It stands beside the plan: what a registry
 * says this minute is no fact, and the same facts must have the same plan and hash.
 */
import { setTimeout } from "node:timers/promises";
import { pinnedImage } from "../../schemas/pinned-image.ts";
import type { Plan, PlannedService, RegistryCheck } from "../../schemas/plan.ts";
import { mapLimit } from "../ledger/map-limit.ts";
import { type Registries, RegistryError } from "../ledger/registries.ts";
import type { Ledger } from "./context.ts";

/** Somebody waits for the plan. What has not been said by then is unknown. */
const PATIENCE_MS = 8000;
/** Of one registry, for so many images at once; each costs one request at a time. */
const AT_ONCE = 8;

type Answer = Omit<RegistryCheck["images"][number], "image">;

/** Those that are deployed, that are copied from, and that hold down scripts. */
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
  const what = missing === digest ? "it" : `${missing}, which it holds,`;
  const reason = `${hostOf(image)} says that ${what} is not there. Status and steps go by facts: if none says so, report it (artifact.deleted), and ask again`;
  return { answer: "gone", reason };
}

async function answerOf(registries: Registries, image: string): Promise<Answer> {
  const { repository, digest } = pinnedImage(image) ?? { repository: image, digest: "" };
  if (!registries.knows(repository)) {
    return {
      answer: "unknown",
      reason: `${hostOf(image)} may not be asked: add it to ASOF_REGISTRIES`,
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

const late = (image: string, patienceMs: number): Answer => ({
  answer: "unknown",
  reason: `${hostOf(image)} did not answer within ${patienceMs / 1000} s`,
});

/** Asks each registry side by side, so that one that is slow holds up no other. */
export async function checked(
  ledger: Ledger,
  plans: readonly (Plan | PlannedService)[],
): Promise<RegistryCheck> {
  const { patienceMs = PATIENCE_MS } = ledger;
  const registries = await ledger.registries();
  const checkedAt = ledger.now().toISOString();
  const images = [...new Set(plans.flatMap(imagesOf))];
  const answers = new Map<string, Answer>();
  const over = new AbortController();
  const ask = async (image: string): Promise<void> => {
    if (!over.signal.aborted) answers.set(image, await answerOf(registries, image));
  };
  const all = [...new Set(images.map(hostOf))].map((host) =>
    mapLimit(
      AT_ONCE,
      images.filter((image) => hostOf(image) === host),
      ask,
    ),
  );
  try {
    await Promise.race([Promise.all(all), setTimeout(patienceMs, undefined, { signal: over.signal })]);
  } finally {
    over.abort();
  }
  return {
    checkedAt,
    images: images.map((image) => ({ image, ...(answers.get(image) ?? late(image, patienceMs)) })),
  };
}
