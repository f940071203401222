/** Image references, taken apart. */
import { describe, expect, it } from "vitest";
import { partsOf, readImage, splitImage } from "../../functions/sources/image.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("an image reference", () => {
  it("has a tag behind its last colon, but a port before its last slash", () => {
    expect(splitImage("localhost:5000/acme/web")).toEqual({ repository: "localhost:5000/acme/web" });
    expect(splitImage("localhost:5000/acme/web:1.4")).toEqual({
      repository: "localhost:5000/acme/web",
      tag: "1.4",
    });
    expect(splitImage(`ghcr.io/acme/web:1.4@${DIGEST}`)).toEqual({
      repository: "ghcr.io/acme/web",
      tag: "1.4",
      digest: DIGEST,
    });
  });

  it("is refused without a host, because its registry would be a guess", () => {
    expect(readImage("acme/web:1.4")).toBeUndefined();
    expect(partsOf("acme/web:1.4")).toEqual({ tag: "1.4" });
  });

  it("is refused with two digests", () => {
    expect(readImage(`ghcr.io/acme/web@${DIGEST}@${DIGEST}`)).toBeUndefined();
  });
});
