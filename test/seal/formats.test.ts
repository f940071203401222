/** Notes, keys, checkpoints, tiles and proofs as their specifications write them. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readCheckpoint, signCheckpoint } from "../../functions/seal/checkpoint.ts";
import {
  GrowingTree,
  type Hash,
  hashesOf,
  hashOfLeaf,
  inclusionParts,
  type Node,
} from "../../functions/seal/merkle.ts";
import { opened, readKey, type Signer, signed, verifierKey, writeKey } from "../../functions/seal/note.ts";
import { readProof, writeProof } from "../../functions/seal/proof.ts";
import { readSeal, sealEntry } from "../../functions/seal/seal-leaf.ts";
import {
  bundleOf,
  edgeOf,
  entriesOf,
  hashIn,
  pathOf,
  type Tile,
  tileOf,
  tilesBetween,
  tileWith,
} from "../../functions/seal/tiles.ts";

/** A key made for this test. */
function signer(name: string): Signer {
  const pair = generateKeyPairSync("ed25519");
  const { x = "" } = pair.publicKey.export({ format: "jwk" });
  return {
    key: verifierKey(name, Buffer.from(x, "base64url")),
    sign: async (bytes) => sign(null, bytes, pair.privateKey),
  };
}

/** The example of c2sp.org/signed-note. */
const EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE = `This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`;

describe("signed notes", () => {
  it("reads the example of the specification", () => {
    const key = readKey(EXAMPLE_KEY);
    expect(key && writeKey(key)).toBe(EXAMPLE_KEY);
    expect(key && opened(EXAMPLE, key)).toBe("This is an example message.\n");
  });

  it("refuses the example with any byte changed", () => {
    const key = readKey(EXAMPLE_KEY);
    if (key === undefined) throw new Error("the example's key must be readable");
    const bytes = Buffer.from(EXAMPLE);
    const accepted = [...bytes.keys()].filter((n) => {
      const other = Buffer.from(bytes);
      other[n] = (other[n] ?? 0) ^ 1;
      return opened(other.toString(), key) !== undefined;
    });
    expect(accepted).toEqual([]);
  });

  it("refuses a key whose id is not its own, of another algorithm, or cut short", () => {
    expect(readKey(EXAMPLE_KEY.replace("530d903a", "530d903b"))).toBeUndefined();
    expect(readKey(EXAMPLE_KEY.replace("+Aeky", "+Beky"))).toBeUndefined();
    expect(readKey(EXAMPLE_KEY.slice(0, -4))).toBeUndefined();
    expect(readKey("example.com/foo")).toBeUndefined();
    expect(() => verifierKey("two words", Buffer.alloc(32))).toThrow(RangeError);
  });

  it("leaves signatures of other keys aside, and needs its own", async () => {
    const [ours, other] = [signer("log"), signer("witness")];
    const note = await signed("text\n", ours);
    const both = note + (await signed("text\n", other)).split("\n\n")[1];
    expect(opened(both, ours.key)).toBe("text\n");
    expect(opened(both, other.key)).toBe("text\n");
    expect(opened(note, other.key)).toBeUndefined();
    expect(opened(note, signer("log").key)).toBeUndefined();
  });

  it("keeps empty lines of the text", async () => {
    const ours = signer("log");
    const note = await signed("one\n\ntwo\n", ours);
    expect(opened(note, ours.key)).toBe("one\n\ntwo\n");
  });
});

describe("checkpoints", () => {
  it("come back as they were signed", async () => {
    const ours = signer("ledger.example/log");
    const checkpoint = { size: 109482, root: hashOfLeaf(Buffer.from("x")) };
    const note = await signCheckpoint(checkpoint, ours);
    expect(note.split("\n").slice(0, 2)).toEqual(["ledger.example/log", "109482"]);
    expect(readCheckpoint(note, ours.key)).toEqual(checkpoint);
    expect(readCheckpoint(note, signer("ledger.example/log").key)).toBeUndefined();
  });

  it("are refused with another origin, a size that is none, a short root, or lines after the root", async () => {
    const ours = signer("log");
    const root = hashOfLeaf(Buffer.from("x")).toString("base64");
    for (const text of [
      `other\n1\n${root}\n`,
      `log\n01\n${root}\n`,
      `log\n-1\n${root}\n`,
      `log\n9999999999999999\n${root}\n`,
      `log\n1\n${root.slice(4)}\n`,
      `log\n1\n${root}\nmore\n`,
      `log\n1\n${root}\n\n`,
      "log\n1\n",
    ])
      expect(readCheckpoint(await signed(text, ours), ours.key)).toBeUndefined();
  });
});

describe("tiles", () => {
  it("are named as the specification names them", () => {
    expect(pathOf({ level: 0, index: 1_234_067, width: 256 })).toBe("tile/0/x001/x234/067");
    expect(pathOf({ level: 1, index: 0, width: 5 })).toBe("tile/1/000.p/5");
    expect(pathOf({ level: "entries", index: 999, width: 255 })).toBe("tile/entries/999.p/255");
    expect(pathOf({ level: 3, index: 1000, width: 256 })).toBe("tile/3/x001/000");
  });

  it("are read back from their names, and from no other spelling", () => {
    const tiles: Tile[] = [0, 1, 999, 1000, 1_234_067].flatMap((index) =>
      (["entries", 0, 1, 63] as const).flatMap((level) =>
        [1, 255, 256].map((width) => ({ level, index, width })),
      ),
    );
    expect(tiles.map(pathOf).map(tileOf)).toEqual(tiles);
    for (const path of [
      "tile/0/1",
      "tile/0/x000/001",
      "tile/64/000",
      "tile/01/000",
      "tile/0/000.p/256",
      "tile/0/000.p/0",
      "tile/0/000.p/01",
      "tile/0/../000",
      "tile/0/000/",
      "checkpoint",
    ])
      expect(tileOf(path)).toBeUndefined();
  });

  it("are those that a tree gets when it grows", () => {
    expect(tilesBetween(0, 0)).toEqual([]);
    expect(tilesBetween(0, 1).map(pathOf)).toEqual(["tile/entries/000.p/1", "tile/0/000.p/1"]);
    expect(tilesBetween(255, 256).map(pathOf)).toEqual(["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
    expect(tilesBetween(256, 257).map(pathOf)).toEqual(["tile/entries/001.p/1", "tile/0/001.p/1"]);
    expect(tilesBetween(250, 520).map(pathOf)).toEqual([
      "tile/entries/000",
      "tile/entries/001",
      "tile/entries/002.p/8",
      "tile/0/000",
      "tile/0/001",
      "tile/0/002.p/8",
      "tile/1/000.p/2",
    ]);
    expect(tilesBetween(65_535, 65_536).map(pathOf)).toEqual([
      "tile/entries/255",
      "tile/0/255",
      "tile/1/000",
      "tile/2/000.p/1",
    ]);
  });

  it("give back every complete subtree of the tree", () => {
    const size = 66_000;
    const stored = new Map<string, Buffer[]>();
    const nodes = new Map<string, Hash>();
    const tree = new GrowingTree(0, [], (node, hash) => {
      nodes.set(`${node.level}/${node.index}`, hash);
      if (node.level % 8 !== 0) return;
      const name = `${node.level / 8}/${Math.floor(node.index / 256)}`;
      stored.set(name, [...(stored.get(name) ?? []), hash]);
    });
    for (let n = 0; n < size; n++) tree.append(hashOfLeaf(Buffer.from(String(n))));
    const read = (node: Node): string => {
      const { level, index, width } = tileWith(node, size);
      const tile = stored.get(`${level}/${index}`) ?? [];
      expect(tile).toHaveLength(width);
      return hashIn(Buffer.concat(tile), node).toString("hex");
    };
    const picked = [...nodes.keys()].filter((_, n) => n % 997 === 0).map((key) => key.split("/").map(Number));
    for (const [level = 0, index = 0] of picked)
      expect(read({ level, index })).toBe(nodes.get(`${level}/${index}`)?.toString("hex"));
    const edge = edgeOf(size);
    const continued = new GrowingTree(
      size,
      edge.map(({ node }) => nodes.get(`${node.level}/${node.index}`) ?? Buffer.alloc(0)),
    );
    expect(continued.root()).toEqual(tree.root());
  });

  it("hold entries with their lengths", () => {
    const entries = ["", "a", "x".repeat(65_535)].map((text) => Buffer.from(text));
    expect(entriesOf(bundleOf(entries))).toEqual(entries);
    expect(() => bundleOf([Buffer.alloc(65_536)])).toThrow(RangeError);
    expect(entriesOf(bundleOf(entries).subarray(0, -1))).toBeUndefined();
    expect(entriesOf(Buffer.from([0]))).toBeUndefined();
    expect(entriesOf(Buffer.alloc(0))).toEqual([]);
  });
});

describe("the proof of one entry", () => {
  it("leads to the checkpoint, and no altered proof does", async () => {
    const ours = signer("log");
    const nodes = new Map<string, Hash>();
    const tree = new GrowingTree(0, [], ({ level, index }, hash) => nodes.set(`${level}/${index}`, hash));
    const entries = Array.from({ length: 11 }, (_, n) => Buffer.from(`fact ${n}`));
    for (const entry of entries) tree.append(hashOfLeaf(entry));
    const checkpoint = await signCheckpoint({ size: tree.size, root: tree.root() }, ours);
    const hashes = hashesOf(
      inclusionParts(4, 11),
      ({ level, index }) => nodes.get(`${level}/${index}`) ?? Buffer.alloc(0),
    );
    const proof = writeProof(4, hashes, checkpoint);
    const [entry = Buffer.alloc(0), other = Buffer.alloc(0)] = [entries[4], entries[5]];
    expect(readProof(proof, entry, ours.key)).toEqual({
      index: 4,
      checkpoint: { size: 11, root: tree.root() },
    });
    expect(readProof(proof.replace("index", "extra AAAA\nindex"), entry, ours.key)).toMatchObject({
      index: 4,
    });
    expect(readProof(proof, other, ours.key)).toMatch(/was altered/);
    expect(readProof(proof, entry, signer("log").key)).toMatch(/not signed/);
    const lines = proof.split("\n");
    for (let n = 2; n < 2 + hashes.length; n++)
      expect(readProof(lines.toSpliced(n, 1).join("\n"), entry, ours.key)).toMatch(/was altered/);
    expect(readProof(proof.replace("index 4", "index 5"), entry, ours.key)).toMatch(/was altered/);
    expect(readProof(proof.replace("index 4", "index 04"), entry, ours.key)).toMatch(/no index/);
    expect(readProof(proof.replace("@v1", "@v2"), entry, ours.key)).toMatch(/does not begin/);
  });
});

describe("a seal", () => {
  const leaf = {
    n: 3,
    sealedAt: "2026-11-02T10:00:00.000Z",
    previous: { size: 7, root: createHash("sha256").digest("hex") },
    count: 2,
    lag: 61_000,
  };

  it("is read from its canonical bytes alone", () => {
    const entry = sealEntry(leaf);
    expect(readSeal(entry)).toEqual({ kind: "seal", ...leaf });
    expect(readSeal(Buffer.from(JSON.stringify({ kind: "seal", ...leaf }, null, 1)))).toBeUndefined();
    expect(readSeal(Buffer.from('{"kind":"artifact.pushed"}'))).toBeUndefined();
    expect(readSeal(Buffer.from('{"kind":"seal"'))).toBeUndefined();
    expect(readSeal(Buffer.from(entry.toString().replace('"n":3', '"n":3,"more":1')))).toBeUndefined();
  });
});
