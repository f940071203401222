/** Payloads as nobody meant them: dropped, retyped, cut, huge, with odd letters and the names of prototypes. */
import fc from "fast-check";

const deep: unknown = JSON.parse(`${"[".repeat(500)}${"]".repeat(500)}`);
/** What may stand where a vendor's value stood. */
const strange = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, Number.MAX_SAFE_INTEGER + 1, "", " ", [], {}, deep),
  fc.constantFrom<unknown>(
    "\ud800",
    "\u0000",
    "😀",
    "\u202e",
    "ＡＢＣ",
    "%",
    "%zz",
    "..",
    "/",
    "a@b",
    "\\",
    "$(x)",
  ),
  fc.constantFrom<unknown>(
    "constructor",
    "__proto__",
    "toString",
    "x".repeat(20_000),
    `sha256:${"0".repeat(64)}`,
  ),
  fc
    .constantFrom("__proto__", "constructor", "toString")
    .map((key) => JSON.parse(`{"${key}":{"polluted":true}}`)),
  fc.string(),
  fc.jsonValue(),
);

interface Mutation {
  readonly at: number;
  readonly how: "drop" | "replace" | "truncate" | "add" | "move";
  readonly strange: unknown;
}
const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(),
  how: fc.constantFrom("drop", "replace", "truncate", "add", "move"),
  strange,
});

/** One to four things that go wrong at once. */
export const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });

const isContainer = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Every place in a value: who holds it, and under which key. */
const placesOf = (holder: object): [object, string][] =>
  Object.entries(holder).flatMap(([key, value]): [object, string][] => [
    [holder, key],
    ...(isContainer(value) && value !== deep ? placesOf(value) : []),
  ]);

const put = (holder: object, key: string, value: unknown): void => {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
};

const ADDED = ["__proto__", "constructor", "toString", "length", "extra"];

/** A payload with one thing wrong. */
export function mutate(payload: unknown, { at, how, strange }: Mutation): unknown {
  const root = { payload: structuredClone(payload) };
  const places = placesOf(root);
  const [holder, key] = places[at % places.length] ?? [root, "payload"];
  const value: unknown = Object.entries(holder).find(([name]) => name === key)?.[1];
  const [otherHolder, otherKey] = places[(at >>> 8) % places.length] ?? [root, "payload"];
  if (how === "drop" && Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (how === "drop") Reflect.deleteProperty(holder, key);
  else if (how === "truncate" && typeof value === "string")
    put(holder, key, value.slice(0, value.length - 1 - (at % 7)));
  else if (how === "add" && Array.isArray(value)) value.push(strange);
  else if (how === "add" && isContainer(value)) put(value, ADDED[at % ADDED.length] ?? "", strange);
  else if (how === "move") put(otherHolder, otherKey, structuredClone(value));
  else put(holder, key, strange);
  return root.payload;
}
