/** The key of a log on one machine. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileSigner } from "../../functions/adapters/folder/log-key.ts";
import { opened, signed } from "../../functions/seal/note.ts";

describe("the key file", () => {
  let file = "";
  beforeEach(() => {
    file = join(mkdtempSync(join(tmpdir(), "asof-key-")), "log.key");
  });
  afterEach(() => rmSync(join(file, ".."), { recursive: true }));

  it("is made at the first start, for its user alone, and read at each later one", async () => {
    const first = fileSigner(file, undefined, "machine/asof");
    expect(first.key.name).toBe("machine/asof");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const later = fileSigner(file, undefined, "renamed/asof");
    expect(later.key).toEqual(first.key);
    expect(opened(await signed("text\n", later), first.key)).toBe("text\n");
  });

  it("is one line, as signer keys of sumdb/note are written", () => {
    fileSigner(file, "acme.example/asof", "machine/asof");
    expect(readFileSync(file, "utf8")).toMatch(
      /^PRIVATE\+KEY\+acme\.example\/asof\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}\n$/,
    );
  });

  it("reads the example of Go's sumdb/note", () => {
    writeFileSync(file, "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n");
    expect(fileSigner(file, undefined, "machine/asof").key.name).toBe("PeterNeumann");
  });

  it("keeps the name of its log, and is refused where it is no key", () => {
    fileSigner(file, "acme.example/asof", "machine/asof");
    expect(() => fileSigner(file, "other.example/asof", "machine/asof")).toThrow(/keeps its name/);
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace(/\+[0-9a-f]{8}\+/, "+00000000+"));
    expect(() => fileSigner(file, undefined, "machine/asof")).toThrow(/not that of its key/);
    writeFileSync(file, "");
    expect(() => fileSigner(file, undefined, "machine/asof")).toThrow(/holds no key/);
  });
});
