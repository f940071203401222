/** What the log's port promises, for each implementation. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { folderLog } from "../../functions/adapters/folder/log-store.ts";
import { type LogStore, putSame } from "../../functions/seal/log-store.ts";
import { withAwsEnvironment } from "./aws-environment.ts";
import { LOG_STORES } from "./log-stores.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const textAt = async (log: LogStore, path: string): Promise<string | undefined> =>
  (await log.get(path))?.bytes.toString();

withAwsEnvironment();

describe.each(LOG_STORES)("a log in $name", ({ open }) => {
  let opened: Awaited<ReturnType<typeof open>>;
  beforeEach(async () => {
    opened = await open();
  });
  afterEach(() => opened.close());

  it("has nothing where nothing was put", async () => {
    expect(await opened.log.get("head")).toBeUndefined();
    expect(await opened.log.get("tile/0/000")).toBeUndefined();
  });

  it("keeps bytes as they were put, under any path of a log", async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    const paths = [
      "head",
      "tile/0/000",
      "tile/0/000.p/5",
      "tile/entries/x001/000",
      "staging/5-ab",
      "positions/2026-11-28T09",
    ];
    for (const path of paths) expect(await opened.log.putIfAbsent(path, all)).toBe("written");
    for (const path of paths) expect((await opened.again().get(path))?.bytes).toEqual(all);
  });

  it("lists the files of a folder, and not those below it", async () => {
    expect(await opened.log.names("anchors")).toEqual([]);
    for (const path of [
      "anchors/3.tsr",
      "anchors/12.tsr",
      "anchors/7.tsr",
      "anchors/deep/1",
      "checkpoints/3",
    ])
      await opened.log.putIfAbsent(path, bytes(path));
    expect((await opened.again().names("anchors")).sort()).toEqual(["12.tsr", "3.tsr", "7.tsr"]);
  });

  it("keeps what was there first", async () => {
    expect(await opened.log.putIfAbsent("checkpoints/1", bytes("first"))).toBe("written");
    expect(await opened.log.putIfAbsent("checkpoints/1", bytes("second"))).toBe("present");
    expect(await opened.again().putIfAbsent("checkpoints/1", bytes("first"))).toBe("present");
    expect(await textAt(opened.log, "checkpoints/1")).toBe("first");
  });

  it("lets one of many writers be first", async () => {
    const others = Array.from({ length: 8 }, () => opened.again());
    const outcomes = await Promise.all(others.map((log, n) => log.putIfAbsent("head", bytes(`writer ${n}`))));
    expect(outcomes.filter((one) => one === "written")).toHaveLength(1);
    expect(await textAt(opened.log, "head")).toBe(`writer ${outcomes.indexOf("written")}`);
  });

  it("replaces what has the etag, and nothing else", async () => {
    await opened.log.putIfAbsent("head", bytes("one"));
    const first = (await opened.log.get("head"))?.etag ?? "";
    expect(await opened.log.putIfMatch("head", bytes("two"), first)).toBe("written");
    expect(await opened.again().putIfMatch("head", bytes("three"), first)).toBe("changed");
    expect(await textAt(opened.log, "head")).toBe("two");
    const second = (await opened.again().get("head"))?.etag ?? "";
    expect(second).not.toBe(first);
    expect(await opened.again().putIfMatch("head", bytes("three"), second)).toBe("written");
    expect(await opened.log.putIfMatch("checkpoint", bytes("three"), second)).toBe("changed");
    expect(await opened.log.get("checkpoint")).toBeUndefined();
  });

  it("lets one of many writers replace", async () => {
    await opened.log.putIfAbsent("head", bytes("one"));
    const etag = (await opened.log.get("head"))?.etag ?? "";
    const others = Array.from({ length: 8 }, () => opened.again());
    const outcomes = await Promise.all(others.map((log, n) => log.putIfMatch("head", bytes(`${n}`), etag)));
    expect(outcomes.filter((one) => one === "written")).toHaveLength(1);
    expect(await textAt(opened.log, "head")).toBe(`${outcomes.indexOf("written")}`);
  });

  it("takes the same bytes twice, and reports others as altered", async () => {
    await putSame(opened.log, "tile/0/000", bytes("hashes"));
    await putSame(opened.log, "tile/0/000", bytes("hashes"));
    await expect(putSame(opened.log, "tile/0/000", bytes("others"))).rejects.toMatchObject({
      code: "altered",
    });
  });
});

describe("a log in a folder", () => {
  it("may be read by its user only, and leaves no unfinished files", async () => {
    const folder = join(mkdtempSync(join(tmpdir(), "asof-log-")), "log");
    const log = folderLog(folder);
    await log.putIfAbsent("tile/0/000.p/1", bytes("x"));
    await log.putIfAbsent("head", bytes("x"));
    await log.putIfMatch("head", bytes("y"), (await log.get("head"))?.etag ?? "");
    for (const path of ["", "tile", "tile/0", "tile/0/000.p"])
      expect(statSync(join(folder, path)).mode & 0o777).toBe(0o700);
    for (const path of ["head", "tile/0/000.p/1"])
      expect(statSync(join(folder, path)).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(["head", "staging", "tile"]);
    expect(readdirSync(join(folder, "staging"))).toEqual([".lock"]);
    rmSync(folder, { recursive: true });
  });

  it("is flushed beside the caller's turn, so that requests are answered meanwhile", async () => {
    const folder = mkdtempSync(join(tmpdir(), "asof-log-"));
    const log = folderLog(folder);
    const put = log.putIfAbsent("head", bytes("x"));
    expect(existsSync(join(folder, "head"))).toBe(false);
    expect(await put).toBe("written");
    const replaced = log.putIfMatch("head", bytes("y"), (await log.get("head"))?.etag ?? "");
    expect(await textAt(log, "head")).toBe("x");
    expect(await replaced).toBe("written");
    expect(await textAt(log, "head")).toBe("y");
    rmSync(folder, { recursive: true });
  });

  it("removes what an earlier process did not finish, and no file of one at work", () => {
    const folder = mkdtempSync(join(tmpdir(), "asof-log-"));
    const staging = join(folder, "staging");
    mkdirSync(staging);
    for (const name of [".partial-1", ".partial-2", "5-ab"]) {
      writeFileSync(join(staging, name), "");
      if (name !== ".partial-2") utimesSync(join(staging, name), new Date(0), new Date(0));
    }
    folderLog(folder);
    expect(readdirSync(staging).sort()).toEqual([".partial-2", "5-ab"]);
    rmSync(folder, { recursive: true });
  });

  it("removes a tile's partial ones when a checkpoint needs the full one, and not before", async () => {
    const folder = mkdtempSync(join(tmpdir(), "asof-log-"));
    const log = folderLog(folder);
    await log.putIfAbsent("tile/0/000.p/255", bytes("x"));
    await log.putIfAbsent("tile/0/001.p/1", bytes("x"));
    await log.putIfAbsent("checkpoint", bytes("255"));
    await log.putIfAbsent("tile/0/000", bytes("x"));
    expect(readdirSync(join(folder, "tile/0")).sort()).toEqual(["000", "000.p", "001.p"]);
    // The sealer ends here, and another one finishes its seal.
    const next = folderLog(folder);
    await next.putIfAbsent("tile/0/000", bytes("x"));
    await next.putIfMatch("checkpoint", bytes("257"), (await next.get("checkpoint"))?.etag ?? "");
    expect(readdirSync(join(folder, "tile/0")).sort()).toEqual(["000", "001.p"]);
    rmSync(folder, { recursive: true });
  });
});
