import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { problemOf } from "../../functions/http/problem.ts";
import { behindOrigin } from "../../functions/runtime/aws/origin.ts";
import { secretAs } from "../../functions/runtime/aws/secret.ts";

/** Secrets Manager, with what it answers now: a value, or a failure. */
let answered: string | undefined;
let server: Server;

beforeEach(async () => {
  server = createServer((request, response) => {
    request.resume();
    response.writeHead(answered === undefined ? 400 : 200, { "content-type": "application/x-amz-json-1.1" });
    response.end(
      JSON.stringify(
        answered === undefined ? { __type: "ResourceNotFoundException" } : { SecretString: answered },
      ),
    );
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address: AddressInfo | string | null = server.address();
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "none");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "none");
  vi.stubEnv("POWERTOOLS_DEV", "true");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  server.closeAllConnections();
  server.close();
});

/** Lets a minute pass, after which a secret is read again. */
const later = () => vi.setSystemTime(Date.now() + 61_000);

const read = (text: string): string => {
  if (!text.startsWith("good")) throw new Error("ASOF_SECRET: must be good");
  return text;
};

describe("a secret", () => {
  it("is read again after a minute", async () => {
    const secret = secretAs(read, "arn:of:it");
    answered = "good 1";
    expect(await secret()).toBe("good 1");
    answered = "good 2";
    expect(await secret()).toBe("good 1");
    later();
    expect(await secret()).toBe("good 2");
  });

  it.each([undefined, "a bad one"])(
    "serves its last good value while it is %s, with an alarm",
    async (bad) => {
      const printed = vi.spyOn(console, "log").mockReturnValue();
      const complained = vi.spyOn(console, "error").mockReturnValue();
      const secret = secretAs(read, "arn:of:it");
      answered = "good 1";
      await secret();
      answered = bad;
      later();
      expect(await secret()).toBe("good 1");
      expect(await secret()).toBe("good 1");
      // Others in this thread may print something else.
      const lines = (of: typeof printed, part: string) =>
        of.mock.calls.map(([line]) => String(line)).filter((line) => line.includes(part));
      expect(lines(printed, "StaleSecrets").map((line) => JSON.parse(line).StaleSecrets)).toEqual([1]);
      expect(lines(complained, "arn:of:it")).toHaveLength(1);
      answered = "good 2";
      later();
      expect(await secret()).toBe("good 2");
    },
  );

  it("fails where there was no good value before, and is read again with the next request", async () => {
    const secret = secretAs(read, "arn:of:it");
    answered = "a bad one";
    await expect(secret()).rejects.toThrow("must be good");
    answered = "good 1";
    expect(await secret()).toBe("good 1");
  });
});

describe("a function behind CloudFront", () => {
  const appOf = () => {
    const app = new Hono();
    app.use("*", behindOrigin());
    app.get("/healthz", (c) => c.text("up"));
    app.onError(problemOf);
    return app;
  };
  const statusOf = async (app: Hono, headers: Record<string, string> = {}): Promise<number> =>
    (await app.request("/healthz", { headers })).status;

  it("answers only what carries the origin's secret", async () => {
    vi.stubEnv("ASOF_ORIGIN_SECRET", "arn:of:it");
    answered = "the-secret-of-the-origin";
    const app = appOf();
    expect(await statusOf(app)).toBe(403);
    expect(await statusOf(app, { "x-asof-origin": "" })).toBe(403);
    expect(await statusOf(app, { "x-asof-origin": "another" })).toBe(403);
    expect(await statusOf(app, { "x-asof-origin": answered })).toBe(200);
  });

  it("answers everybody where it has an address of its own", async () => {
    vi.stubEnv("ASOF_ORIGIN_SECRET", "");
    expect(await statusOf(appOf())).toBe(200);
  });
});
