/** Verifies a whole log: reads each file once, in order, and keeps little of it. */
import { type Checkpoint, readCheckpoint } from "../checkpoint.ts";
import { emptyRoot, GrowingTree, type Hash } from "../merkle.ts";
import { type VerifierKey, writeKey } from "../note.ts";
import type { SealLeaf } from "../seal-leaf.ts";
import { pathOf, TILE_WIDTH, type Tile } from "../tiles.ts";
import { type AnchoredCheckpoint, anchors } from "./anchors.ts";
import type { BundleJob, BundleReport, Nodes } from "./bundle.ts";
import { duplicates } from "./duplicates.ts";
import { extras } from "./extras.ts";
import { inOrder, type LogFiles, olderCopies } from "./files.ts";
import { type Finding, Findings, LISTED } from "./findings.ts";
import { type Disagreement, judged, namesIn, widthOf } from "./judge.ts";
import { EarlierCheckpoints } from "./published.ts";
import { type Gap, SealChain } from "./seals.ts";
import { UpperTiles } from "./upper-tiles.ts";

export interface LogQuestion {
  readonly files: LogFiles;
  readonly key: VerifierKey;
  /** A checkpoint that was saved before, and whose signature is right. */
  readonly since?: Checkpoint;
  /** The time that the age of the newest seal is measured at. */
  readonly now: Date;
  /** A longer time without a seal is a failure. */
  readonly maxGapMs?: number;
  /** Certificates of the time-stamping authorities to trust, as PEM. */
  readonly authorities?: string;
  /** Checks a bundle, here or in another thread. */
  readonly check: (job: BundleJob) => BundleReport | Promise<BundleReport>;
  /** How many bundles are read and checked at once. */
  readonly ahead: number;
  readonly progress?: (leaves: number, size: number) => void;
}

export interface Verification {
  readonly checkpoint?: Checkpoint;
  readonly facts: number;
  readonly newest?: SealLeaf;
  readonly gaps: { readonly count: number; readonly longest: readonly Gap[] };
  /** Facts outside of their seal's interval by less than clocks and indexes may lag. */
  readonly nearly: number;
  readonly anchored: readonly AnchoredCheckpoint[];
  readonly findings: readonly Finding[];
  readonly counts: Readonly<Record<string, number>>;
}

/** A verification that stops before the entries, because nothing vouches for them. */
const refused = (finding: Finding): Verification => ({
  facts: 0,
  gaps: { count: 0, longest: [] },
  nearly: 0,
  anchored: [],
  findings: [finding],
  counts: { [finding.kind]: 1 },
});

export async function verifyLog(question: LogQuestion): Promise<Verification> {
  const { files, key } = question;
  const note = await files.read("checkpoint");
  if (note === undefined)
    return refused({
      kind: "missing",
      path: "checkpoint",
      message: "there is no checkpoint, so nothing can be checked",
    });
  const checkpoint = readCheckpoint(note.toString(), key);
  if (checkpoint === undefined) {
    const message = `is not signed by the key for the log ${key.name}, so nothing else can be checked`;
    return refused({ kind: "signature", path: "checkpoint", message });
  }
  const findings = new Findings();
  findings.add(...(await keyFile(files, key)));
  return new LogCheck(question, checkpoint, findings).run();
}

async function keyFile(files: LogFiles, key: VerifierKey): Promise<Finding[]> {
  const stored = await files.read("key");
  if (stored === undefined) return [{ kind: "missing", path: "key", message: "the log's key is not there" }];
  if (stored.equals(Buffer.from(`${writeKey(key)}\n`))) return [];
  return [{ kind: "signature", path: "key", message: "is another key than the one that you brought" }];
}

/** Bundles that disagree with their tile and are looked at again. */
const KEPT = LISTED;

class LogCheck {
  readonly #question: LogQuestion;
  readonly #checkpoint: Checkpoint;
  readonly #findings: Findings;
  readonly #chain: SealChain;
  readonly #earlier: EarlierCheckpoints;
  readonly #upper: UpperTiles;
  /** The trees of full bundles, by the entries and by the tiles. */
  readonly #byEntries: GrowingTree;
  readonly #byTiles = new GrowingTree();
  /** What follows the full bundles. */
  #rest: Nodes = { byEntries: [] };
  readonly #keys: Float64Array[] = [];
  readonly #disagreements: Disagreement[] = [];
  #isReadable = true;

  constructor(question: LogQuestion, checkpoint: Checkpoint, findings: Findings) {
    const { files, key, since, maxGapMs } = question;
    this.#question = question;
    this.#checkpoint = checkpoint;
    this.#findings = findings;
    this.#chain = new SealChain((finding) => findings.add(finding), maxGapMs);
    this.#earlier = new EarlierCheckpoints(files, key, since);
    this.#upper = new UpperTiles(files);
    this.#byEntries = new GrowingTree(0, [], (node, hash) => this.#upper.heard(node, hash));
  }

  async run(): Promise<Verification> {
    const { files, now, ahead, progress } = this.#question;
    const { size } = this.#checkpoint;
    await this.#earlier.load();
    await this.#earlier.at(0, "", [emptyRoot()]);
    const bundles = Math.ceil(size / TILE_WIDTH);
    let bundle = 0;
    for await (const { job, report } of inOrder(bundles, ahead, (n) => this.#read(n))) {
      await this.#take(bundle, job, report);
      bundle++;
      progress?.(Math.min(size, bundle * TILE_WIDTH), size);
      // A checkpoint may claim any size: what is not there is not asked for for ever.
      if (this.#findings.count("missing") > LISTED) return this.#broken();
    }
    this.#findings.add(...(await this.#upper.rest(Math.floor(size / TILE_WIDTH))));
    this.#chain.finish(size, now);
    const grownTo = await this.#sizeNow();
    this.#findings.add(...(await this.#earlier.findings(size, grownTo, await this.#judge())));
    const nameOf = namesIn(files, size);
    this.#findings.add(...(await duplicates(this.#keys, nameOf)));
    const anchored = await anchors(this.#question, (at) => this.#earlier.sealedAt(at));
    this.#findings.add(...anchored.findings);
    this.#findings.add(...(await extras(files, size, grownTo)));
    return this.#result(anchored.anchored);
  }

  async #read(bundle: number): Promise<{ readonly job: BundleJob; readonly report: BundleReport }> {
    const { files, check } = this.#question;
    const width = widthOf(bundle, this.#checkpoint.size);
    const olderOf = async (level: Tile["level"], holds: "entries" | "hashes") => {
      const copies = await olderCopies(files, { level, index: bundle, width });
      return Promise.all(
        copies.map(async ({ path, width: was }) => ({
          ...{ path, holds, width: was },
          bytes: (await files.read(path)) ?? Buffer.of(),
        })),
      );
    };
    const [entries, tile, ...older] = await Promise.all([
      files.read(pathOf({ level: "entries", index: bundle, width })),
      files.read(pathOf({ level: 0, index: bundle, width })),
      olderOf("entries", "entries"),
      olderOf(0, "hashes"),
    ]);
    const job = { width, entries, tile, older: older.flat() };
    return { job, report: await check(job) };
  }

  async #take(bundle: number, job: BundleJob, report: BundleReport): Promise<void> {
    const first = bundle * TILE_WIDTH;
    this.#findings.add(...faultsOf(bundle, job, report));
    await this.#leaves(first, job.width, report);
    const { byEntries, byTile = byEntries } = report.nodes;
    if (job.width < TILE_WIDTH) this.#rest = report.nodes;
    else {
      this.#byEntries.append(hashAt(byEntries));
      this.#byTiles.append(hashAt(byTile));
      this.#findings.add(...(await this.#upper.full()));
    }
    const isFull = job.width === TILE_WIDTH && report.isComplete;
    if (report.differences.length > 0 && this.#disagreements.length < KEPT)
      this.#disagreements.push({
        bundle,
        root: isFull ? hashAt(byEntries) : undefined,
        differences: report.differences,
      });
    if (!report.isComplete) this.#isReadable = false;
  }

  /** Gives the leaves of a bundle to the chain of seals. */
  async #leaves(first: number, width: number, report: BundleReport): Promise<void> {
    if (!report.isComplete) this.#chain.tear();
    this.#keys.push(report.isComplete ? report.keys : new Float64Array(width).fill(Number.NaN));
    if (!report.isComplete) return;
    const seals = new Map(report.seals.map((one) => [one.at, one]));
    for (const [at, ms] of report.recordedAt.entries()) {
      const found = seals.get(at);
      if (found === undefined) {
        this.#chain.fact(first + at, ms, report.lengths[at] ?? 0);
        continue;
      }
      const roots = this.#roots(found.nodes);
      this.#chain.seal(first + at, found.seal, roots);
      await this.#earlier.at(first + at + 1, found.seal.sealedAt, roots);
    }
  }

  /** The roots of the full bundles so far and these leaves: by the entries, and by the tiles. */
  #roots({ byEntries, byTile = byEntries }: Nodes): [byEntries: Hash, byTiles: Hash] {
    return [this.#byEntries.root(byEntries.map(toHash)), this.#byTiles.root(byTile.map(toHash))];
  }

  /** Whether the entries lead to the signed root. */
  async #judge(): Promise<boolean> {
    const { files } = this.#question;
    const { size, root } = this.#checkpoint;
    const [byEntries] = this.#roots(this.#rest);
    const isRight = byEntries.equals(root) && this.#isReadable;
    for (const one of this.#disagreements) this.#findings.add(...(await judged(one, files, size, isRight)));
    if (byEntries.equals(root)) return true;
    const message = `the entries lead to the root ${hex(byEntries)}, and ${hex(root)} is signed: entries were altered`;
    this.#findings.add({ kind: "altered", path: "checkpoint", message });
    return false;
  }

  /** The size of the checkpoint that lies there by now; that of this verification, if it did not grow. */
  async #sizeNow(): Promise<number> {
    const note = await this.#question.files.read("checkpoint");
    return (note && readCheckpoint(note.toString(), this.#question.key)?.size) ?? this.#checkpoint.size;
  }

  #broken(): Promise<Verification> {
    const message = "too much is missing: the rest of the log was not read";
    this.#findings.add({ kind: "altered", message });
    return this.#result([]);
  }

  async #result(anchored: readonly AnchoredCheckpoint[]): Promise<Verification> {
    const nameOf = namesIn(this.#question.files, this.#checkpoint.size);
    const findings: Finding[] = [];
    for (const finding of this.#findings.listed()) {
      const { index, fact } = finding;
      const name = index === undefined || fact !== undefined ? fact : await nameOf(index);
      findings.push(name === undefined ? finding : { ...finding, fact: name });
    }
    const { newest, facts, gaps, nearly } = this.#chain;
    return {
      checkpoint: this.#checkpoint,
      ...{ facts, gaps, nearly, anchored, findings },
      ...(newest === undefined ? {} : { newest }),
      counts: this.#findings.counts(),
    };
  }
}

const toHash = (bytes: Uint8Array): Hash => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The one subtree of a full bundle; a hash that leads nowhere, if there is none. */
const hashAt = ([node]: readonly Uint8Array[]): Hash =>
  node === undefined ? Buffer.alloc(32) : toHash(node);

const hex = (hash: Hash): string => hash.toString("hex");

/** What is wrong with a bundle by itself. */
function faultsOf(bundle: number, { width, entries, tile }: BundleJob, report: BundleReport): Finding[] {
  const first = bundle * TILE_WIDTH;
  const pathFor = (level: Tile["level"]): string => pathOf({ level, index: bundle, width });
  const findings: Finding[] = [];
  const range = `leaves ${first} to ${first + width - 1}`;
  if (entries === undefined)
    findings.push({
      kind: "missing",
      path: pathFor("entries"),
      message: `the entries of ${range} are not there`,
    });
  else if (!report.isComplete)
    findings.push({
      kind: "altered",
      path: pathFor("entries"),
      message: `does not hold the ${width} entries of ${range}`,
    });
  if (tile === undefined)
    findings.push({ kind: "missing", path: pathFor(0), message: `the hashes of ${range} are not there` });
  else if (tile.length !== width * 32)
    findings.push({
      kind: "tile",
      path: pathFor(0),
      message: `does not hold the ${width} hashes of ${range}`,
    });
  for (const { at, why } of report.faults)
    findings.push({
      kind: "entry",
      path: pathFor("entries"),
      index: first + at,
      message: `the entry ${why}`,
    });
  for (const { path, at } of report.older) {
    const place = at === undefined ? {} : { index: first + at };
    findings.push({ kind: "tile", path, ...place, message: "this earlier copy differs from what it became" });
  }
  return findings;
}
