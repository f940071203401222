/** The few words that random histories are made of, so that everything meets everything. */
import * as fc from "fast-check";

const BEGINNING = Date.parse("2026-10-01T00:00:00.000Z");
export const SECOND = 1000;
export const DAY = 86_400 * SECOND;

/** Around the minute before a start that counts for tags, twice over; then as far apart as rollouts, and far apart. */
export const OFFSETS = [
  0,
  1,
  30_000,
  59_999,
  60_000,
  60_001,
  90_000,
  119_999,
  120_000,
  121_000,
  180_000,
  600_000,
  1_200_000,
  DAY,
  40 * DAY,
];

/** After every moment of a history. */
export const END_MS = BEGINNING + 41 * DAY;

export const time = (ms: number): string => new Date(BEGINNING + ms).toISOString();
export const pick = <const T>(...values: readonly [T, ...T[]]): fc.Arbitrary<T> => fc.constantFrom(...values);
export const often = <const T>(value: T, ...others: readonly [T, ...T[]]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(value) }, { weight: 2, arbitrary: pick(...others) });
/** An object with some of these fields. */
export const some = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [] });
export const moment = fc.nat({ max: OFFSETS.length - 1 }).map((n) => time(OFFSETS[n] ?? 0));

export const ENVIRONMENTS = ["production", "Production", "review/é", "review/e\u0301"] as const;
export const SERVICES = ["acme/billing", "Acme/Billing", "acme/web"] as const;
export const environment = often("production", ...ENVIRONMENTS);
export const service = often("acme/billing", ...SERVICES);
export const componentName = often("main", "Main", "web", "worker");
/** A repository with one below it, names that they may come to have, and another registry. */
export const repository = often(
  "ghcr.io/acme/billing",
  "registry.local:5000/mirror",
  "ghcr.io/acme/billing/web",
  "ghcr.io/acme/billing-pay",
  "ghcr.io/pay/billing",
);
/** What may be renamed: repositories, and paths above them. */
export const path = fc.oneof(
  { weight: 4, arbitrary: repository },
  { weight: 1, arbitrary: pick("ghcr.io/acme", "ghcr.io/pay") },
);
export const renamings = pick("repository", "path", undefined);
export const tag = often("1.4", "latest", "v2");
export const database = often("billing", "Billing", "audit");
export const version = pick("1", "2", "3", "4");
export const cluster = often("eu-1", "EU-1", "us-1");
export const sha = pick("4be1a", "77aa2", "77aa3").map((start) => start.padEnd(40, "0"));
export const shortSha = pick("4be1a00", "77aa2000000", "77aa300".padEnd(40, "0"));
export const forge = pick("https://github.com/acme/billing", "https://gitlab.com/acme/billing");
export const trilean = pick<boolean | "unknown">(true, false, "unknown");

export const IMAGES = ["1", "2", "3"] as const;
export const digestOf = (image: string, role: "a" | "b" | "c" | "d"): string =>
  `sha256:${`${image}${role}`.repeat(32)}`;
/** Of each image the index (a), two manifests (b, c) and a config (d). */
export const digest = fc
  .tuple(pick(...IMAGES), often("a", "b", "c", "d"))
  .map(([image, role]) => digestOf(image, role));
export const manifest = fc
  .tuple(pick(...IMAGES), pick("b", "c"))
  .map(([image, role]) => digestOf(image, role));
export const index = pick(...IMAGES).map((image) => digestOf(image, "a"));
export const config = pick(...IMAGES).map((image) => digestOf(image, "d"));

export const deployment = fc
  .tuple(often("github", "argocd"), pick("1", "2", "3"))
  .map(([provider, id]) => ({ provider, instance: "here", id }));
