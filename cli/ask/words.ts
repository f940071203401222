/**
 * What the words of a question name: an image, a commit, a tag, or a place, and the time after it. Names may hold slashes,
 * spaces, colons and `@`, so every split of the words is compared with the names that the ledger knows. Plain functions.
 */
import { fold } from "../../schemas/words/texts.ts";

export interface KnownService {
  readonly service: string;
  readonly environments: readonly string[];
}

export interface KnownNames {
  readonly services: readonly KnownService[];
  /** Those of the words that are groups. */
  readonly groups: readonly string[];
}

export interface Place {
  readonly is: "place";
  readonly environment: string;
  readonly service?: string;
  /** How many releases back: `~1` is the one before. */
  readonly back: number;
}

export type What =
  | Place
  | { readonly is: "group"; readonly group: string; readonly service?: string }
  /** A whole digest, or the beginning of one. */
  | { readonly is: "image"; readonly digest: string }
  | { readonly is: "commit"; readonly sha: string }
  | { readonly is: "tag"; readonly repository: string; readonly tag: string };

export interface Reading {
  readonly what: What;
  /** The words of a time; undefined: now. */
  readonly when?: string;
}

const DIGEST = /^sha256:[0-9a-f]{7,64}$/;
const PINNED = /@(sha256:[0-9a-f]{64})$/;
const HEX = /^[0-9a-f]{7,40}$/;
const TAGGED =
  /^([a-z0-9][a-z0-9.-]*(?::\d{1,5})?\/[a-z0-9][a-z0-9._/-]*):([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$/;

/** Whether a digest is there as a whole, not only how it begins. */
export const isWhole = (digest: string): boolean => digest.length === "sha256:".length + 64;

/** An image or a commit by its form alone. */
function hashIn(text: string): What[] {
  const lower = text.toLowerCase();
  const digest = PINNED.exec(lower)?.[1] ?? (DIGEST.test(lower) ? lower : undefined);
  if (digest !== undefined) return [{ is: "image", digest }];
  return HEX.test(lower) ? [{ is: "commit", sha: lower }] : [];
}

/** An image, a commit or a tag, by the form of a word alone. */
export const artifactIn = (word: string): What | undefined => [...hashIn(word), ...tagIn(word)][0];

function tagIn(text: string): What[] {
  const [, repository, tag] = TAGGED.exec(text) ?? [];
  return repository === undefined || tag === undefined ? [] : [{ is: "tag", repository, tag }];
}

/** The services that a text names: the one of this name, else those that end with it after a slash. */
function servicesNamed(text: string, services: readonly KnownService[]): string[] {
  const name = fold(text);
  const whole = services.filter(({ service }) => fold(service) === name);
  const found =
    whole.length > 0 ? whole : services.filter(({ service }) => fold(service).endsWith(`/${name}`));
  return found.map(({ service }) => service);
}

/** Each way to divide a text at a slash, beginning with the whole text. */
const splits = (text: string): [string, string | undefined][] => [
  [text, undefined],
  ...[...text.matchAll(/\//g)].map(({ index }): [string, string] => [
    text.slice(0, index),
    text.slice(index + 1),
  ]),
];

function placesIn(text: string, back: number, { services, groups }: KnownNames): What[] {
  const environments = [...new Set(services.flatMap((one) => one.environments))];
  return splits(text).flatMap(([where, which]): What[] => {
    const isNamed = (one: string) => fold(one) === fold(where);
    const grouped = groups.filter(isNamed).flatMap((group): What[] => {
      if (back > 0) return [];
      if (which === undefined) return [{ is: "group", group }];
      return servicesNamed(which, services).map((service) => ({ is: "group", group, service }));
    });
    // A group that is also an environment shows its places side by side.
    if (grouped.length > 0) return grouped;
    return environments.filter(isNamed).flatMap((environment): What[] => {
      if (which === undefined) return back > 0 ? [] : [{ is: "place", environment, back }];
      const here = services.filter((one) => one.environments.includes(environment));
      return servicesNamed(which, here).map((service) => ({ is: "place", environment, service, back }));
    });
  });
}

/** The places that a text names, also with `~N` at its end. */
function placesNamed(text: string, known: KnownNames): What[] {
  const [, before, back] = /^(.+)~(\d{1,4})$/s.exec(text) ?? [];
  const behind = before === undefined ? [] : placesIn(before, Number(back), known);
  return [...placesIn(text, 0, known), ...behind];
}

/** The texts that may be groups: the ledger has no list of them. */
export const groupsIn = (words: readonly string[]): string[] => {
  const heads = words.map((_, n) => words.slice(0, n + 1).join(" "));
  const texts = heads.flatMap((head) => [
    head,
    ...[...head.matchAll(/@/g)].map(({ index }) => head.slice(0, index)),
  ]);
  return [
    ...new Set(texts.flatMap((text) => splits(text.replace(/~\d{1,4}$/, "")).map(([where]) => where))),
  ].filter((text) => text !== "" && text.length <= 255);
};

/**
 * Every reading of the words that names something. Forms alone (a digest, a commit, a tag) count beside known names, but
 * for tags: a name may look like one.
 * @param isTime whether words are a time
 */
export function readingsOf(
  words: readonly string[],
  known: KnownNames,
  isTime: (words: string) => boolean,
): Reading[] {
  const places: Reading[] = [];
  const hashes: Reading[] = [];
  const tags: Reading[] = [];
  for (let n = 1; n <= words.length; n++) {
    const head = words.slice(0, n).join(" ");
    const tail = words.slice(n).join(" ");
    if (tail !== "" && !isTime(tail)) continue;
    const when = tail === "" ? {} : { when: tail };
    const all = (whats: readonly What[]) => whats.map((what): Reading => ({ what, ...when }));
    places.push(...all(placesNamed(head, known)));
    hashes.push(...all(hashIn(head)));
    tags.push(...all(tagIn(head)));
    if (tail !== "") continue;
    for (const { index } of head.matchAll(/@/g)) {
      const time = head.slice(index + 1);
      if (!isTime(time)) continue;
      const there = placesNamed(head.slice(0, index), known);
      places.push(...there.map((what): Reading => ({ what, when: time })));
    }
  }
  const found = [...places, ...hashes];
  return distinct(found.length > 0 ? found : tags);
}

const distinct = (readings: readonly Reading[]): Reading[] => [
  ...new Map(readings.map((one) => [JSON.stringify(one), one])).values(),
];

/** The shortest words for a place: the service's tail, where those name nothing else. */
export const shortestNames =
  (services: readonly KnownService[]) =>
  (environment: string, service: string): string => {
    const short = `${environment}/${service.slice(service.lastIndexOf("/") + 1)}`;
    const [only, ...others] = readingsOf([short], { services, groups: [] }, () => false);
    const isPlace = only?.what.is === "place" && only.what.environment === environment;
    const isShort = others.length === 0 && isPlace && only.what.service === service;
    return quoted(isShort ? short : `${environment}/${service}`);
  };

/** A word for a POSIX shell. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

const EXACT = {
  place: ({ environment, service }: Place) => [
    "-e",
    environment,
    ...(service === undefined ? [] : ["-s", service]),
  ],
  group: ({ group, service }: Extract<What, { is: "group" }>) => [
    "-g",
    group,
    ...(service === undefined ? [] : ["-s", service]),
  ],
};

/** The options that name a reading without doubt. */
export function exactOptions({ what, when }: Reading): string[] {
  const at = when === undefined ? [] : ["--at", when];
  switch (what.is) {
    case "place":
      return [...EXACT.place(what), ...(what.back > 0 ? ["--back", String(what.back)] : []), ...at];
    case "group":
      return [...EXACT.group(what), ...at];
    case "image":
      return ["--digest", what.digest, ...at];
    case "commit":
      return ["--commit", what.sha, ...at];
    case "tag":
      return ["--tag", `${what.repository}:${what.tag}`, ...at];
  }
}
