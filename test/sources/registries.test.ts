import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { azure } from "../../functions/sources/registries/azure.ts";
import { dockerHub } from "../../functions/sources/registries/docker-hub.ts";
import { harbor } from "../../functions/sources/registries/harbor.ts";
import { jfrog } from "../../functions/sources/registries/jfrog.ts";
import { quay } from "../../functions/sources/registries/quay.ts";
import type { Delivery } from "../../functions/sources/source.ts";
import type { Mapped } from "../../schemas/mapped.ts";
import { CASES } from "./golden.ts";

const body = '{"note":"läuft ✓"}';
const SECRETS = ["first", "second"];
const byHeader = (name: string, value: string): Delivery => ({
  headers: new Headers({ [name]: value }),
  body,
});
const byAddress = (pathSecret?: string): Delivery => ({
  headers: new Headers(),
  body,
  ...(pathSecret === undefined ? {} : { pathSecret }),
});
const hmac = (secret: string, signed = body): string =>
  createHmac("sha256", secret).update(signed).digest("hex");

describe.each([azure, harbor])("the header that $vendor is told to send", ({ verify }) => {
  it.each(SECRETS)("is accepted where it is %j", (secret) => {
    expect(verify?.(byHeader("authorization", secret), SECRETS)).toBe(true);
  });

  it.each(["third", "First", "", "first second", "firs"])("is refused where it is %j", (secret) => {
    expect(verify?.(byHeader("authorization", secret), SECRETS)).toBe(false);
  });

  it("is refused where it is missing, or nothing is configured", () => {
    expect(verify?.(byAddress(), SECRETS)).toBe(false);
    expect(verify?.(byAddress(), [])).toBe(false);
    expect(verify?.(byAddress(), [""])).toBe(false);
    expect(verify?.(byHeader("authorization", ""), [""])).toBe(false);
  });
});

describe.each([azure, dockerHub, quay])("the address of $vendor", ({ verify }) => {
  it.each(SECRETS)("is accepted with the secret %j", (secret) => {
    expect(verify?.(byAddress(secret), SECRETS)).toBe(true);
  });

  it.each(["third", "First", "", "first%20", "firs"])("is refused with the secret %j", (secret) => {
    expect(verify?.(byAddress(secret), SECRETS)).toBe(false);
  });

  it("is refused without a secret, or where nothing is configured", () => {
    expect(verify?.(byAddress(), SECRETS)).toBe(false);
    expect(verify?.(byAddress(""), [""])).toBe(false);
    expect(verify?.(byAddress("first"), [])).toBe(false);
  });
});

describe.each([dockerHub, quay])("a header", ({ vendor, verify }) => {
  it(`proves nothing of ${vendor}, which sends none`, () => {
    expect(verify?.(byHeader("authorization", "first"), SECRETS)).toBe(false);
  });
});

describe("Harbor's address", () => {
  it("proves nothing, for Harbor has a header", () => {
    expect(harbor.verify?.(byAddress("first"), SECRETS)).toBe(false);
  });
});

describe("JFrog's header", () => {
  const verify = (value: string) => jfrog.verify?.(byHeader("X-JFrog-Event-Auth", value), SECRETS);

  it.each(SECRETS)("is accepted where %j signed the body, or stands there itself", (secret) => {
    expect(verify(hmac(secret))).toBe(true);
    expect(verify(secret)).toBe(true);
  });

  it.each([
    ["another secret signed the body", hmac("third")],
    ["it signs other bytes", hmac("first", `${body} `)],
    ["the signature is cut short", hmac("first").slice(0, -1)],
    ["the signature is in capitals", hmac("first").toUpperCase()],
    ["it is another secret", "third"],
    ["it is empty", ""],
    ["it was signed with nothing", hmac("")],
  ])("is refused where %s", (_, value) => {
    expect(verify(value)).toBe(false);
  });

  it("is refused where it is missing, or nothing is configured", () => {
    expect(jfrog.verify?.(byAddress(), SECRETS)).toBe(false);
    expect(jfrog.verify?.(byHeader("X-JFrog-Event-Auth", hmac("")), [""])).toBe(false);
    expect(jfrog.verify?.(byHeader("X-JFrog-Event-Auth", ""), [""])).toBe(false);
  });
});

describe("Event Grid's question whether it is welcome", () => {
  const asked = CASES.find(({ name }) => name === "eventgrid.validation")?.payload;

  it("is answered with its code", () => {
    expect(azure.handshake?.(asked)).toEqual({
      validationResponse: "512d38b6-c7b8-40c8-89fe-f46f9e9622b6",
    });
  });

  const others = CASES.filter(({ vendor, payload }) => vendor === "azure" && payload !== asked);
  it.each(others)("is not to be taken for an event: $name", ({ payload }) => {
    expect(azure.handshake?.(payload)).toBeUndefined();
  });

  it.each([
    null,
    [],
    [{ eventType: "Microsoft.EventGrid.SubscriptionValidationEvent" }],
    [{ eventType: "Microsoft.EventGrid.SubscriptionValidationEvent", data: { validationCode: "" } }],
    [
      {
        eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
        data: { validationCode: "x".repeat(257) },
      },
    ],
  ])("is not answered where it holds no code that could be one", (payload) => {
    expect(azure.handshake?.(payload)).toBeUndefined();
  });
});

const idsOf = (mapped: readonly Mapped[]): unknown[] =>
  mapped.map((one) => (one.is === "statement" ? `${one.statement.source} ${one.statement.id}` : one.reason));
const payloadOf = (vendor: string, name: string): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(CASES.find((one) => one.vendor === vendor && one.name === name)?.payload ?? {}),
  );
const at = (receivedAt: string) => ({ headers: new Headers(), receivedAt });
const [NOW, LATER] = ["2026-11-22T09:00:00.000Z", "2026-11-22T09:00:30.000Z"];

describe("what names an event that has no id", () => {
  const harborPush = payloadOf("harbor", "PUSH_ARTIFACT.tagged");
  const hubPush = payloadOf("docker-hub", "push");

  it("stays the same when Harbor or Docker Hub say it again", () => {
    for (const [source, payload] of [
      [harbor, harborPush],
      [dockerHub, hubPush],
    ] as const) {
      expect(idsOf(source.toStatements(payload, at(LATER)))).toEqual(
        idsOf(source.toStatements(payload, at(NOW))),
      );
    }
  });

  it.each([
    ["second", { occur_at: 1772442907 }],
    ["type", { type: "DELETE_ARTIFACT" }],
  ])("is another where Harbor names another %s", (_, change) => {
    const [first, second] = [harborPush, { ...harborPush, ...change }].map((payload) =>
      idsOf(harbor.toStatements(payload, at(NOW))),
    );
    expect(second).not.toEqual(first);
  });

  it("does not depend on who did it: an id made of so little would tell", () => {
    const other = { ...harborPush, operator: "somebody-else" };
    expect(idsOf(harbor.toStatements(other, at(NOW)))).toEqual(
      idsOf(harbor.toStatements(harborPush, at(NOW))),
    );
  });

  it("is another where a tag is pushed to Docker Hub a second later", () => {
    const later = JSON.parse(JSON.stringify(hubPush).replace("1772442906", "1772442907"));
    expect(idsOf(dockerHub.toStatements(later, at(NOW)))).not.toEqual(
      idsOf(dockerHub.toStatements(hubPush, at(NOW))),
    );
  });

  it.each([
    [quay, payloadOf("quay", "repo_push")],
    [jfrog, payloadOf("jfrog", "docker.pushed")],
  ])("is made of the receipt where nothing else tells two pushes apart: %#", (source, payload) => {
    const now = idsOf(source.toStatements(payload, at(NOW)));
    expect(new Set([...now, ...idsOf(source.toStatements(payload, at(LATER)))]).size).toBe(2 * now.length);
  });

  it("is JFrog's own in its envelope", () => {
    const payload = payloadOf("jfrog", "docker.pushed.event-envelope");
    expect(idsOf(jfrog.toStatements(payload, at(LATER)))).toEqual(
      idsOf(jfrog.toStatements(payload, at(NOW))),
    );
  });
});

describe("Docker Hub's callback", () => {
  it("is not kept with the event", () => {
    const push = {
      callback_url: "https://registry.hub.docker.com/u/acme/shop/hook/a-secret/",
      push_data: { tag: "1", pushed_at: 1_760_000_000, pusher: "octocat" },
      repository: { repo_name: "acme/shop" },
    };
    const [mapped] = dockerHub.toStatements(push, {
      headers: new Headers(),
      receivedAt: "2026-11-22T09:00:00Z",
    });
    expect(mapped).toMatchObject({ is: "statement", statement: { tag: "1" } });
    expect(JSON.stringify(mapped)).not.toContain("a-secret");
  });
});
