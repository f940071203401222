import { afterAll, describe, expect, it } from "vitest";
import { type Right, ROLES, type Role } from "../../functions/ledger/authority/authority.ts";
import type { Answer, Client } from "../client.ts";
import { digestOf } from "../ledger/given.ts";
import { cleanUp, deployed, type GivenDoors, givenDoors, problemOf, SECRETS, tokenOf } from "./given.ts";

afterAll(cleanUp);

const PLACE = { environment: "production", service: "acme/billing" };

/** Every door, with a question that is answered with 200 once `deployed("1")` is recorded. */
const QUESTIONS: readonly (readonly [path: string, query: Record<string, string>])[] = [
  ["/v1/release", PLACE],
  ["/v1/snapshot", { environment: "production" }],
  ["/v1/environments", {}],
  ["/v1/timeline", { environment: "production", from: "2026-10-01" }],
  ["/v1/diff", { environment: "production", from: "2026-10-01" }],
  ["/v1/artifact", { digest: digestOf("1") }],
  ["/v1/commit", { sha: "abcdef0" }],
  ["/v1/tag", { repository: "ghcr.io/acme/billing", tag: "1.4.2" }],
  ["/v1/sources", {}],
];

interface Door {
  readonly name: string;
  readonly right: Right;
  readonly knock: (client: Client) => Promise<Answer>;
}

const DOORS: readonly Door[] = [
  ...QUESTIONS.map(
    ([path, query]): Door => ({ name: path, right: "ask", knock: (client) => client.get(path, query) }),
  ),
  { name: "/v1/events", right: "write", knock: (client) => client.say(deployed("2")) },
  { name: "/v1/webhooks/aws", right: "write", knock: (client) => client.post("/v1/webhooks/aws", {}) },
  {
    name: "/v1/export",
    right: "export",
    knock: (client) => client.get("/v1/export", { from: "2026-11-22" }),
  },
  {
    name: "/v1/retractions",
    right: "retract",
    knock: (client) => client.post("/v1/retractions", { source: "/test", id: "1", reason: "a test" }),
  },
  {
    name: "/v1/marks",
    right: "operate",
    knock: (client) => client.post("/v1/marks", { digest: digestOf("1"), verdict: "bad" }),
  },
  {
    name: "/v1/freezes",
    right: "operate",
    knock: (client) => client.post("/v1/freezes", { ...PLACE, reason: "a test" }),
  },
  { name: "/v1/backups", right: "back up", knock: (client) => client.post("/v1/backups", {}) },
  { name: "/v1/freezes/end", right: "operate", knock: (client) => client.post("/v1/freezes/end", PLACE) },
  { name: "/v1/redeployments", right: "operate", knock: (client) => client.post("/v1/redeployments", {}) },
  {
    name: "/v1/redeployments/{id}/take",
    right: "execute",
    knock: (client) => client.post("/v1/redeployments/1/take", {}),
  },
  {
    name: "/v1/redeployments/{id}/end",
    right: "execute",
    knock: (client) => client.post("/v1/redeployments/1/end", { outcome: "failed" }),
  },
];

/** Who may do what, as the design has it. */
const MAY: Record<Role, readonly Right[]> = {
  reader: ["ask"],
  writer: ["write"],
  operator: ["ask", "operate", "execute"],
  executor: ["ask", "execute"],
  auditor: ["ask", "export"],
  admin: ["ask", "write", "operate", "execute", "export", "retract", "back up"],
};

describe.each(DOORS)("the door $name", ({ right, knock }) => {
  it.each([...ROLES])(`is open to whoever may ${right}, asked by %s`, async (role) => {
    const { client } = givenDoors();
    await client("admin").say(deployed("1"));
    const answer = await knock(client(role));
    if (MAY[role].includes(right)) {
      expect([401, 403, 500]).not.toContain(answer.status);
    } else {
      expect(problemOf(answer)).toMatchObject({ status: 403, detail: expect.stringContaining(role) });
    }
  });

  it("is closed to whoever has no token, or one that is not known", async () => {
    const { stranger } = givenDoors();
    for (const token of [undefined, "", "unknown", `${tokenOf("admin")}x`, tokenOf("admin").slice(0, -1)]) {
      const answer = await knock(stranger(token));
      expect(problemOf(answer).status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
    }
  });
});

describe("a token", () => {
  const asking = (authorization: string) =>
    givenDoors().stranger().send("/v1/environments", { headers: { authorization } });

  it("is understood after Bearer in any case", async () => {
    expect((await asking(`bearer ${tokenOf("reader")}`)).status).toBe(200);
    expect((await asking(`BEARER  ${tokenOf("reader")}`)).status).toBe(200);
  });

  it.each([
    tokenOf("reader"),
    `Basic ${tokenOf("reader")}`,
    `Bearer ${tokenOf("reader")} more`,
    `Bearer${tokenOf("reader")}`,
    "Bearer",
    "Bearer sha256=0",
  ])("is not understood as %j", async (authorization) => {
    expect(problemOf(await asking(authorization)).status).toBe(401);
  });

  it("is not taken from the address, where it would stand in logs", async () => {
    const answer = await givenDoors()
      .stranger()
      .get("/v1/environments", { access_token: tokenOf("reader") });
    expect(problemOf(answer).status).toBe(401);
  });
});

describe("what there is not", () => {
  it.each(["/", "/v1", "/v1/nothing", "/v1/events/1", "/v1/webhooks/", "/v1/webhooks/nobody", "/v2/release"])(
    "is a problem at %s, for whoever asks",
    async (path) => {
      for (const init of [{}, { method: "POST", body: "{}" }, { method: "DELETE" }]) {
        const answer = await givenDoors().client().send(path, init);
        expect(problemOf(answer)).toMatchObject({
          status: 404,
          detail: expect.stringContaining("/openapi.json"),
        });
      }
    },
  );

  it("is a problem where a known door is asked in another way", async () => {
    const { client } = givenDoors();
    expect(problemOf(await client().get("/v1/events")).status).toBe(404);
    expect(problemOf(await client().post("/v1/release", {})).status).toBe(404);
    expect(problemOf(await client().send("/v1/release", { method: "DELETE" })).status).toBe(404);
  });

  it.each([
    ["/v1/release", { environment: "production", service: "acme/nobody" }],
    ["/v1/release", { environment: "nowhere", service: "acme/billing" }],
    ["/v1/snapshot", { environment: "nowhere" }],
    ["/v1/snapshot", { group: "nowhere" }],
    ["/v1/drift", { group: "nowhere" }],
    ["/v1/timeline", { environment: "nowhere", from: "2026-10-01" }],
    ["/v1/timeline", { ...PLACE, service: "acme/nobody", from: "2026-10-01" }],
    ["/v1/diff", { environment: "nowhere", from: "2026-10-01" }],
    ["/v1/diff", { environment: "production", with: "nowhere" }],
    ["/v1/artifact", { digest: digestOf("nothing") }],
    ["/v1/commit", { sha: "0123456" }],
    ["/v1/tag", { repository: "ghcr.io/acme/billing", tag: "nothing" }],
  ])("is a name never heard of, in %s?%j", async (path, query) => {
    const { client } = givenDoors();
    await client().say(deployed("1"));
    const answer = await client().get(path, query);
    expect(problemOf(answer)).toMatchObject({
      status: 404,
      detail: expect.stringContaining("was not known by then"),
    });
  });

  it("is not a name that has no facts by then: that is unknown", async () => {
    const { client } = givenDoors();
    await client().say(deployed("1"));
    const answer = await client().get("/v1/release", { ...PLACE, at: "2026-10-01" });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ status: "unknown", components: [] });
  });
});

describe("a question", () => {
  it.each([...QUESTIONS, ["/v1/export", { from: "2026-11-22" }] as const])(
    "is refused with a parameter that is not known, or given twice: %s",
    async (path, query) => {
      const { client } = givenDoors();
      const unknown = await client().get(path, { ...query, colour: "blue" });
      expect(problemOf(unknown)).toMatchObject({ status: 422, detail: expect.stringContaining("colour") });
      for (const name of Object.keys(query)) {
        const twice = new URLSearchParams([...Object.entries(query), [name, query[name] ?? ""]]);
        const answer = await client().get(`${path}?${twice}`);
        expect(problemOf(answer)).toMatchObject({ status: 422, detail: expect.stringContaining(name) });
      }
    },
  );

  it.each(
    QUESTIONS.flatMap(([path, query]) => Object.keys(query).map((name) => [path, name, query] as const)),
  )("is refused: %s without %s, or with nothing for it", async (path, name, query) => {
    const { client } = givenDoors();
    const without = Object.fromEntries(Object.entries(query).filter(([key]) => key !== name));
    for (const asked of [without, { ...query, [name]: "" }]) {
      expect(problemOf(await client().get(path, asked)).status).toBe(422);
    }
  });

  it.each([
    ["/v1/snapshot", { environment: "production", group: "production" }],
    ["/v1/drift", { environment: "production", group: "production" }],
    ["/v1/drift", { environment: "production", cursor: "nonsense" }],
    ["/v1/snapshot", { environment: "production", limit: "0" }],
    ["/v1/snapshot", { environment: "production", limit: "101" }],
    ["/v1/snapshot", { environment: "production", limit: "ten" }],
    ["/v1/snapshot", { environment: "production", cursor: "nonsense" }],
    ["/v1/environments", { cursor: "nonsense" }],
    ["/v1/timeline", { environment: "production", from: "2026-10-01", cursor: "nonsense" }],
    ["/v1/timeline", { environment: "production", from: "2026-10-02", to: "2026-10-01" }],
    ["/v1/diff", { environment: "production", from: "2026-10-01", cursor: "nonsense" }],
    ["/v1/diff", { environment: "production", from: "2026-10-01", with: "staging" }],
    ["/v1/diff", { environment: "production", with: "staging", to: "2026-10-01" }],
    ["/v1/diff", { environment: "production", from: "2026-10-01", at: "2026-10-02" }],
    ["/v1/sources", { cursor: "nonsense" }],
    ["/v1/artifact", { digest: "sha256:abc" }],
    ["/v1/commit", { sha: "abc" }],
    ["/v1/commit", { sha: "main" }],
    ["/v1/tag", { repository: "ghcr.io/acme/billing:1", tag: "1" }],
    ["/v1/export", { from: "2026-11-22", format: "xml" }],
    ["/v1/export", { from: "2026-11-22", cursor: "nonsense" }],
    ["/v1/export", {}],
  ])("is refused where it cannot be meant: %s?%j", async (path, query) => {
    const { client } = givenDoors();
    await client().say(deployed("1"));
    expect(problemOf(await client().get(path, query)).status).toBe(422);
  });

  it("is asked of names with slashes, in any case", async () => {
    const { client } = givenDoors();
    await client().say(deployed("1", undefined, { environment: "Review/Feature-X" }));
    const answer = await client().get("/v1/release", {
      environment: "review/feature-x",
      service: "ACME/Billing",
    });
    expect(answer.json).toMatchObject({ environment: "Review/Feature-X", service: "acme/billing" });
  });
});

describe("what is open to all", () => {
  it("tells that the service is up", async () => {
    const answer = await givenDoors().stranger().get("/healthz");
    expect([answer.status, answer.json]).toEqual([200, { status: "ok" }]);
  });
});

describe("secrets", () => {
  const WRONG = "wrong-token-that-nobody-may-see";
  const TOKENS = [...ROLES.map(tokenOf), WRONG];
  const secrets = [...TOKENS, ...SECRETS.github, ...SECRETS.distribution];

  /** Everything that can be asked and said with them, allowed or not. */
  async function knockAll({ stranger }: GivenDoors): Promise<Answer[]> {
    const answers = TOKENS.flatMap((token) =>
      // An export that breaks off has no end to wait for.
      DOORS.filter(({ right }) => right !== "export").map(({ knock }) => knock(stranger(token))),
    );
    const webhooks = secrets.flatMap((authorization) => {
      const headers = { authorization, "x-hub-signature-256": authorization };
      return ["/v1/webhooks/distribution", "/v1/webhooks/github", "/v1/webhooks/aws", "/v1/events"].map(
        (path) => stranger().post(path, "{", headers),
      );
    });
    const broken = TOKENS.flatMap((token) =>
      ["application/cloudevents+json", "text/plain"].map((type) =>
        stranger(token).post("/v1/events", "{", { "content-type": type }),
      ),
    );
    return Promise.all([...answers, ...webhooks, ...broken]);
  }

  it("stand in no answer, no line of the log and nothing that is kept aside", async () => {
    const given = givenDoors();
    const calm = await knockAll(given);
    given.setFault(() => "lost");
    const stormy = await knockAll(given);
    const statuses = new Set([...calm, ...stormy].map(({ status }) => status));
    expect([...statuses].sort()).toEqual([200, 201, 202, 400, 401, 403, 404, 415, 422, 503]);
    expect(given.quarantine()).not.toEqual([]);
    expect(given.logged()).not.toBe("");
    const texts = [...calm, ...stormy].map(({ text, headers }) => `${text} ${JSON.stringify([...headers])}`);
    const told = [...texts, given.logged(), JSON.stringify(given.quarantine())].join("\n");
    for (const secret of secrets) expect(told).not.toContain(secret);
  });
});
