/** The tree against RFC 6962's recursive definition, and against published roots. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  consistencyParts,
  emptyRoot,
  GrowingTree,
  type Hash,
  hashesOf,
  hashOfLeaf,
  inclusionParts,
  type Node,
  provesConsistency,
  provesInclusion,
  subtreesOf,
} from "../../functions/seal/merkle.ts";

const sha = (...parts: Uint8Array[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();

/** MTH of RFC 6962, 2.1, word for word. */
function defined(entries: readonly Buffer[]): Buffer {
  const [first, ...rest] = entries;
  if (first === undefined) return sha();
  if (rest.length === 0) return sha(Uint8Array.of(0), first);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha(Uint8Array.of(1), defined(entries.slice(0, k)), defined(entries.slice(k)));
}

const entry = (n: number): Buffer => Buffer.from(`entry ${n}`);
const MOST = 300;
const entries = Array.from({ length: MOST }, (_, n) => entry(n));

/** Roots of every size, and the hash of every complete subtree. */
function grown() {
  const nodes = new Map<string, Hash>();
  const tree = new GrowingTree(0, [], ({ level, index }, hash) => nodes.set(`${level}/${index}`, hash));
  const roots = [tree.root()];
  for (const one of entries) {
    tree.append(hashOfLeaf(one));
    roots.push(tree.root());
  }
  const hashOf = ({ level, index }: Node): Hash => nodes.get(`${level}/${index}`) ?? Buffer.alloc(0);
  return { roots, hashOf };
}
const { roots, hashOf } = grown();
const rootAt = (size: number): Hash => roots[size] ?? Buffer.alloc(0);
const at = (size: number) => ({ size, root: rootAt(size) });

describe("the Merkle tree", () => {
  it("has the roots that certificate transparency's test data has", () => {
    // github.com/google/certificate-transparency, merkletree/merkle_tree_test.cc: inputs and roots of 0 to 8 leaves.
    const inputs = [
      "",
      "00",
      "10",
      "2021",
      "3031",
      "40414243",
      "5051525354555657",
      "606162636465666768696a6b6c6d6e6f",
    ];
    const expected = [
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    const tree = new GrowingTree();
    const found = [tree.root().toString("hex")];
    for (const input of inputs) {
      tree.append(hashOfLeaf(Buffer.from(input, "hex")));
      found.push(tree.root().toString("hex"));
    }
    expect(found).toEqual(expected);
  });

  it(`has the root of the recursive definition at every size up to ${MOST}`, () => {
    const wrong = roots.filter((root, size) => !root.equals(defined(entries.slice(0, size))));
    expect(wrong).toEqual([]);
    expect(roots).toHaveLength(MOST + 1);
  });

  it("continues from the hashes of its complete subtrees", () => {
    for (const size of [1, 2, 3, 7, 8, 255, 256, 257]) {
      const tree = new GrowingTree(size, subtreesOf(size).map(hashOf));
      for (const one of entries.slice(size)) tree.append(hashOfLeaf(one));
      expect(tree.root()).toEqual(rootAt(MOST));
    }
  });

  it("proves every leaf of every small tree, and no other leaf", () => {
    for (const size of [...Array.from({ length: 40 }, (_, n) => n + 1), 255, 256, 257, 300])
      for (let index = 0; index < size; index++) {
        const proof = hashesOf(inclusionParts(index, size), hashOf);
        const leaf = hashOfLeaf(entry(index));
        expect(provesInclusion(leaf, index, at(size), proof)).toBe(true);
        expect(provesInclusion(hashOfLeaf(entry(index + 1)), index, at(size), proof)).toBe(false);
        expect(provesInclusion(leaf, index, at(size), proof.slice(1)) && proof.length > 0).toBe(false);
        expect(provesInclusion(leaf, index, at(size), [...proof, emptyRoot()])).toBe(false);
        if (size > 1) expect(provesInclusion(leaf, (index + 1) % size, at(size), proof)).toBe(false);
      }
  });

  it("proves that every tree continues every earlier one, and no other", () => {
    for (const size of [1, 2, 3, 5, 8, 13, 31, 32, 33, 64, 255, 256, 257, 300])
      for (let old = 1; old <= size; old++) {
        const proof = old === size ? [] : hashesOf(consistencyParts(old, size), hashOf);
        expect(provesConsistency(at(old), at(size), proof)).toBe(true);
        expect(provesConsistency({ size: old, root: emptyRoot() }, at(size), proof)).toBe(false);
        expect(provesConsistency(at(old), { size, root: emptyRoot() }, proof)).toBe(false);
        expect(provesConsistency(at(old), at(size), [...proof, emptyRoot()])).toBe(false);
        for (let n = 0; n < proof.length; n++)
          expect(provesConsistency(at(old), at(size), proof.toSpliced(n, 1))).toBe(false);
      }
  });

  it("takes no size that is no whole number", () => {
    expect(provesInclusion(hashOfLeaf(entry(0)), -1, at(1), [])).toBe(false);
    expect(provesInclusion(hashOfLeaf(entry(0)), 0.5, at(1), [])).toBe(false);
    expect(provesInclusion(hashOfLeaf(entry(0)), 1, at(1), [])).toBe(false);
    expect(provesConsistency(at(2), at(1), [])).toBe(false);
    expect(provesConsistency({ size: Number.NaN, root: emptyRoot() }, at(1), [])).toBe(false);
  });
});
