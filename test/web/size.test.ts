import { brotliDecompressSync, gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { pageEndpoints } from "../../functions/http/page.ts";
import { buildPage } from "../../functions/runtime/page.ts";

describe("the built page", () => {
  let files: Readonly<Record<string, string>>;
  beforeAll(async () => {
    ({ files } = await buildPage());
  });

  it("is less than 200 KB compressed", () => {
    const sizes = Object.values(files).map((text) => gzipSync(text).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(200_000);
  });

  it("has no inline script or style, and names no other host", () => {
    const { "index.html": html = "", ...rest } = files;
    expect(html).not.toMatch(/style=|<style|<script>|https?:/);
    expect(Object.values(rest).join("\n")).not.toMatch(/@import|url\(["']?https?:/);
  });

  it("holds no code of the library that checks schemas", () => {
    expect(Object.values(files).join("\n")).not.toMatch(/ZodType|safeParse/);
  });

  it("is served with a strict policy: files for good, the address itself with a tag that is asked again", async () => {
    const app = pageEndpoints(() => files);
    const first = await app.request("/why");
    expect(first.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(first.headers.get("content-security-policy")).not.toContain("unsafe");
    expect(first.headers.get("cache-control")).toBe("no-cache");
    const again = await app.request("/", { headers: { "If-None-Match": first.headers.get("etag") ?? "" } });
    expect(again.status).toBe(304);
    const script = Object.keys(files).find((name) => name.startsWith("main-")) ?? "";
    const packed = await app.request(`/${script}`, { headers: { "Accept-Encoding": "gzip, br" } });
    expect(packed.headers.get("cache-control")).toContain("immutable");
    expect(packed.headers.get("content-encoding")).toBe("br");
    expect(brotliDecompressSync(await packed.arrayBuffer()).toString()).toBe(files[script]);
  });
});
