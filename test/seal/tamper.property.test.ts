/** Whatever is done to a sealed log, the verifier notices: all but what happens to files that it says it ignores. */
import { beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../functions/seal/checkpoint.ts";
import { bundleOf, entriesOf } from "../../functions/seal/tiles.ts";
import { checkBundle } from "../../functions/seal/verify/bundle.ts";
import { nameOf } from "../../functions/seal/verify/entry.ts";
import { verifyLog } from "../../functions/seal/verify/log.ts";
import { RUNS } from "../runs.ts";

const SEED = Number(process.env.ASOF_SEED);

import { type Files, inMemory, LogWriter, madeLog, minute, signerOf } from "./made-log.ts";

const signer = signerOf("ledger.example/log");
const stranger = signerOf("ledger.example/log");

const verified = (files: Files) =>
  verifyLog({
    ...{ files: inMemory(files), key: signer.key, now: new Date(minute(60)) },
    ...{ check: checkBundle, ahead: 2 },
  });

describe("a small log", () => {
  it("is refused with any of its bytes changed", async () => {
    const files = await madeLog(signer, [2, 1]);
    expect((await verified(files)).findings).toEqual([]);
    const accepted: string[] = [];
    for (const [path, bytes] of files)
      for (const at of bytes.keys()) {
        const other = Buffer.from(bytes);
        other[at] = (other[at] ?? 0) ^ (1 << (at % 8));
        const { findings } = await verified(new Map([...files, [path, other]]));
        if (findings.length === 0) accepted.push(`${path}: byte ${at}`);
      }
    expect(accepted).toEqual([]);
  });

  it("is refused with any of its files gone, but for earlier copies and checkpoints", async () => {
    const files = await madeLog(signer, [2, 1]);
    const accepted: string[] = [];
    for (const path of files.keys()) {
      const less = new Map(files);
      less.delete(path);
      if ((await verified(less)).findings.length === 0) accepted.push(path);
    }
    expect(accepted).toEqual(["tile/entries/000.p/3", "tile/0/000.p/3", "checkpoints/3", "checkpoints/5"]);
  });

  it("may have the sealer's own files beside it, and no others", async () => {
    const files = await madeLog(signer, [2, 1]);
    const [bytes, anything] = [Buffer.from("anything"), new Map(files)];
    for (const path of ["head", "staging/9-ab", "positions/a/b"]) anything.set(path, bytes);
    expect((await verified(anything)).findings).toEqual([]);
    for (const path of [
      ...[
        "heads",
        "head/x",
        "notes.txt",
        "tile/0/001.p/1",
        "tile/x",
        "tile/entries/000.p/6",
        "tile/1/000.p/1",
      ],
      ...["checkpoints/latest", "anchors/5.txt", "checkpoints/5/x", "keys/key", "tile/0/000.p/03"],
    ]) {
      const { findings } = await verified(new Map([...files, [path, bytes]]));
      expect([path, ...findings.map(({ kind }) => kind)]).toEqual([path, "extra"]);
    }
  });
});

/** Numbers that look random, the same for the same seed: xorshift. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** What was done, and the facts of which one must be named, if any can be. */
interface Edit {
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

const EDITS: Readonly<
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
    const again = await madeLog(stranger, SIZES);
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

const SIZES = [300, 40, 0, 500, 1, 200];

describe(`${RUNS * 3} random edits of a log`, () => {
  let made: Files;
  beforeAll(async () => {
    made = await madeLog(signer, SIZES);
    expect((await verified(made)).findings).toEqual([]);
  });

  const kinds = Object.entries(EDITS);
  it.each(kinds)("are noticed, and the fact is named, if somebody %s", async (_, edit) => {
    const random = randomFrom(SEED + kinds.findIndex(([, one]) => one === edit) * 7919);
    const [accepted, unnamed]: [string[], string[]] = [[], []];
    for (let n = 0; n < Math.ceil((RUNS * 3) / kinds.length); n++) {
      const files = new Map(made);
      const { what, names = [] } = await edit(files, random);
      const { findings } = await verified(files);
      if (findings.length === 0) accepted.push(what);
      const named = findings.map(({ fact }) => fact?.id);
      if (names.length > 0 && !names.some((name) => named.includes(name))) unnamed.push(what);
    }
    expect({ accepted, unnamed }).toEqual({ accepted: [], unnamed: [] });
  });
});

describe("who holds the key", () => {
  const now = new Date(minute(60));

  it("can write another log, which a saved checkpoint gives away, and which has nothing else wrong", async () => {
    const honest = await madeLog(signer, [2, 2]);
    const files: Files = new Map();
    const log = new LogWriter(signer, (path, bytes) => files.set(path, bytes));
    log.fact("fact-1-0", minute(1));
    log.fact("fact-another", minute(1));
    await log.seal(minute(1));
    await log.seal(minute(2));
    expect((await verified(files)).findings).toEqual([]);
    const since = readCheckpoint(honest.get("checkpoints/3")?.toString() ?? "", signer.key);
    if (since === undefined) throw new Error("the checkpoint must be readable");
    const question = { files: inMemory(files), key: signer.key, now, check: checkBundle, ahead: 2, since };
    const { findings } = await verifyLog(question);
    expect(findings).toEqual([{ kind: "history", message: expect.stringContaining("another past") }]);
  });
});
