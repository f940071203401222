/** Edits of a sealed log that a verifier must notice. */
import { bundleOf, entriesOf } from "../../functions/seal/tiles.ts";
import { nameOf } from "../../functions/seal/verify/entry.ts";
import { type Files, madeLog } from "./made-log.ts";
import { newSigner } from "./signer.ts";

/** Facts of each seal. */
export const EDITED_SIZES = [300, 40, 0, 500, 1, 200];

const stranger = newSigner("ledger.example/log");

/** Numbers that look random, the same for the same seed: xorshift. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** What was done, and the facts of which one must be named, if any can be. */
export interface Edit {
  readonly what: string;
  readonly names?: readonly string[];
}

/** The entries of a full bundle, or of the last one. */
function someBundle(files: Files, random: (below: number) => number) {
  const paths = [...files.keys()].filter((path) => /^tile\/entries\/\d+$/.test(path));
  const path = paths[random(paths.length)] ?? "";
  const entries = entriesOf(files.get(path) ?? Buffer.of()) ?? [];
  return { path, entries };
}

const idOf = (entry: Buffer | undefined): string => (entry === undefined ? "" : (nameOf(entry)?.id ?? ""));

/** What somebody may do to a log's files, for a log of `EDITED_SIZES`. */
export const EDITS: Readonly<
  Record<string, (files: Files, random: (below: number) => number) => Promise<Edit> | Edit>
> = {
  "deletes an entry": (files, random) => {
    const { path, entries } = someBundle(files, random);
    const at = random(entries.length);
    files.set(path, bundleOf(entries.toSpliced(at, 1)));
    return { what: `${path}, entry ${at}` };
  },
  "swaps two entries": (files, random) => {
    const { path, entries } = someBundle(files, random);
    const at = random(entries.length - 1);
    const [one = Buffer.of(), other = Buffer.of()] = entries.slice(at, at + 2);
    files.set(path, bundleOf(entries.toSpliced(at, 2, other, one)));
    return { what: `${path}, entry ${at}`, names: [idOf(one), idOf(other)] };
  },
  "puts one entry in place of another": (files, random) => {
    const { path, entries } = someBundle(files, random);
    const at = random(entries.length - 1);
    const [one = Buffer.of()] = entries.slice(at, at + 1);
    files.set(path, bundleOf(entries.toSpliced(at + 1, 1, one)));
    return { what: `${path}, entry ${at}` };
  },
  "adds an entry once more": (files, random) => {
    const { path, entries } = someBundle(files, random);
    const at = random(entries.length);
    files.set(path, bundleOf(entries.toSpliced(at, 0, entries[at] ?? Buffer.of())));
    return { what: `${path}, entry ${at}` };
  },
  "changes a byte of a fact": (files, random) => {
    const { path, entries } = someBundle(files, random);
    const at = random(entries.length);
    const entry = Buffer.from(entries[at] ?? Buffer.of());
    const name = idOf(entry);
    const byte = entry.indexOf("sha256:") + 7 + random(60);
    entry[byte] = (entry[byte] ?? 0) ^ 2;
    files.set(path, bundleOf(entries.toSpliced(at, 1, entry)));
    return { what: `${path}, entry ${at}`, names: name === "" ? [] : [name] };
  },
  "changes a byte of a file": (files, random) => {
    const paths = [...files.keys()];
    const path = paths[random(paths.length)] ?? "";
    const bytes = Buffer.from(files.get(path) ?? Buffer.of());
    const at = random(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    files.set(path, bytes);
    return { what: `${path}, byte ${at}` };
  },
  "cuts a file short": (files, random) => {
    const paths = [...files.keys()];
    const path = paths[random(paths.length)] ?? "";
    const bytes = files.get(path) ?? Buffer.of();
    const length = random(bytes.length);
    files.set(path, bytes.subarray(0, length));
    return { what: `${path}, to ${length} bytes` };
  },
  "deletes a file that is needed": (files, random) => {
    const paths = [...files.keys()].filter(
      (path) => !path.includes(".p/") && !path.startsWith("checkpoints/"),
    );
    const path = paths[random(paths.length)] ?? "";
    files.delete(path);
    return { what: path };
  },
  "exchanges two files": (files, random) => {
    const paths = [...files.keys()].filter((path) => path.startsWith("tile/"));
    const one = paths[random(paths.length)] ?? "";
    const others = paths.filter((path) => !files.get(path)?.equals(files.get(one) ?? Buffer.of()));
    const other = others[random(others.length)] ?? "";
    const [first = Buffer.of(), second = Buffer.of()] = [files.get(one), files.get(other)];
    files.set(one, second);
    files.set(other, first);
    return { what: `${one} and ${other}` };
  },
  "puts an older checkpoint back": (files, random) => {
    const paths = [...files.keys()].filter((path) => path.startsWith("checkpoints/"));
    const [path = ""] = paths
      .filter((one) => !files.get("checkpoint")?.equals(files.get(one) ?? Buffer.of()))
      .slice(random(3));
    files.set("checkpoint", files.get(path) ?? Buffer.of());
    return { what: path };
  },
  "signs it by another key": async (files) => {
    const again = await madeLog(stranger, EDITED_SIZES);
    for (const path of ["checkpoint", "key"]) files.set(path, again.get(path) ?? Buffer.of());
    return { what: "all" };
  },
  "adds a file": (files, random) => {
    const places = [
      "tile/entries/009",
      "tile/7/000",
      "README",
      "checkpoints/x",
      "checkpoints/17",
      "tile/0/x001/000",
    ];
    const path = places[random(places.length)] ?? "";
    files.set(path, Buffer.from("x"));
    return { what: path };
  },
};
