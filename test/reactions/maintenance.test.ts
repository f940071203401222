import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { type Asof, Unknown } from "../../functions/reactions/ledger-client.ts";
import type { Heard } from "../../functions/reactions/reaction.ts";
import { type Maintenance, maintenance, matchersOf } from "../../functions/reactions/silences/silences.ts";
import { configuration } from "../../functions/runtime/config/environment.ts";
import { ConfigurationError } from "../../functions/runtime/config/secrets.ts";
import type { Release } from "../../schemas/answers/release.ts";
import type { Freezes, Redeployment } from "../../schemas/redeployment.ts";

const SECRET = "Bearer nobody-may-see-this";
const MATCHERS = [
  { name: "env", value: "{environment}" },
  { name: "service", value: "{serviceName}" },
];

const settingsOf = (more: object = {}): Maintenance => {
  const given = { url: "http://alertmanager:9093", matchers: MATCHERS, ...more };
  const { maintenance } = configuration({ ASOF_MAINTENANCE: JSON.stringify(given) });
  if (maintenance === undefined) throw new Error("is not configured");
  return maintenance;
};

describe("a matcher", () => {
  const filled = (value: string, service: string, isRegex = false): string | undefined =>
    matchersOf(settingsOf({ matchers: [{ name: "label", value, isRegex }] }), {
      environment: "production",
      service,
    })[0]?.value;

  it.each([
    ["{environment}", "acme/billing", "production"],
    ["{service}", "acme/billing", "acme/billing"],
    ["{serviceName}", "acme/billing", "billing"],
    ["{serviceName}", "billing", "billing"],
    ["{serviceName}", "group/team/billing", "billing"],
    // An empty label is what all others lack.
    ["{serviceName}", "acme/billing/", "billing"],
    ["{serviceName}", "//", "//"],
    ["k8s-{environment}-{serviceName}", "acme/billing", "k8s-production-billing"],
    // What was filled in is not filled again, and means nothing.
    ["{service}-{environment}", "{environment}", "{environment}-production"],
    ["{service}", "$& $1 $$", "$& $1 $$"],
    ["{service}", 'a "b" \\n ü 日本', 'a "b" \\n ü 日本'],
  ])("of %s for %s is %s", (value, service, expected) => {
    expect(filled(value, service)).toBe(expected);
  });

  it.each([
    "billing",
    "b.l+l*i?n(g)",
    "[x]|y",
    "a{2}^$",
    "\\d\\Q.*\\E",
    'a "b" ü 日本 🙂',
    "(?i)billing",
    "a-b_c/d&e~f#g",
  ])("that is a regular expression takes %s for nothing but itself", (service) => {
    const own = new RegExp(`^(?:${filled("{service}-[0-9]{1,3}", service, true)})$`, "v");
    expect(`${service}-12`).toMatch(own);
    for (const other of ["", "x", "1", "billing-1", "BILLING-1", "y-1", "aa-1"])
      if (other !== `${service}-1`) expect(other).not.toMatch(own);
  });
});

describe("the configuration", () => {
  it("has a maximum, and no bounds or credentials that nobody set", () => {
    expect(settingsOf()).toEqual({
      url: "http://alertmanager:9093",
      matchers: MATCHERS.map((matcher) => ({ ...matcher, isRegex: false, isEqual: true })),
      maxMinutes: 60,
    });
    expect(configuration({})).not.toHaveProperty("maintenance");
    expect(configuration({ ASOF_MAINTENANCE: "" })).not.toHaveProperty("maintenance");
  });

  const one = (matcher: object) => ({ matchers: [{ name: "service", value: "{service}", ...matcher }] });
  it.each([
    [
      "a placeholder that there is not",
      one({ value: "{service}-{pod}" }),
      "matchers.0.value: may contain {env",
    ],
    ["no matcher", { matchers: [] }, "everything would be silenced"],
    ["a matcher of everybody's alerts", one({ value: "critical" }), "everything would be silenced"],
    ["a matcher of all others", one({ isEqual: false }), "everything would be silenced"],
    ["a matcher without a name", one({ name: "" }), "matchers.0.name"],
    ["no address", { url: "alertmanager:9093" }, "url: must be an http or https URL"],
    ["an address with a password", { url: "http://a:b@alertmanager" }, "url: must not carry credentials"],
    ["a link by something else", { link: "https://asof.example/{service}" }, "link: may contain {id} and no"],
    ["no time at all", { maxMinutes: 0 }, "maxMinutes"],
    [
      "a header that cannot be sent",
      { authorization: `${SECRET}€` },
      "authorization: must be printable ASCII",
    ],
    ["a list of no service", { services: [] }, "services"],
    ["a ledger without a name", { ledger: "" }, "ledger"],
    ["a member that there is not", { authorisation: SECRET }, "authorisation"],
  ])("is refused with %s", (_, more, why) => {
    const refused = () => settingsOf({ authorization: SECRET, ...more });
    expect(refused).toThrow(ConfigurationError);
    expect(refused).toThrow(/^ASOF_MAINTENANCE: /);
    expect(refused).toThrow(why);
    expect(refused).not.toThrow(SECRET);
  });

  it("is refused where it is no JSON", () => {
    expect(() => configuration({ ASOF_MAINTENANCE: "{" })).toThrow("ASOF_MAINTENANCE: must be JSON");
  });
});

/* A silence's life */

const NOW = "2026-11-22T09:00:30.000Z";
const PLACE = { environment: "production", service: "acme/billing" };
const redeployment = (id: string, more: Partial<Redeployment> = {}): Redeployment => ({
  id,
  ...PLACE,
  status: "requested",
  requestedAt: "2026-11-22T09:00:00.000Z",
  requestedBy: "anna",
  reason: "rounds wrongly",
  plan: "/v1/plan",
  planHash: "0".repeat(64),
  components: [],
  deadline: "2026-11-22T12:00:00.000Z",
  startedAt: null,
  endedAt: null,
  why: null,
  deployment: null,
  url: null,
  knownAt: NOW,
  settled: true,
  facts: [],
  ...more,
});

const RELEASE: Release = {
  ...PLACE,
  group: null,
  at: NOW,
  knownAt: NOW,
  settled: true,
  status: "running",
  since: null,
  until: null,
  components: [],
  migrations: [],
  config: [],
  cluster: null,
  namespace: null,
  deployment: null,
  deployedBy: null,
  url: null,
  rollback: false,
  owner: null,
  contact: null,
  attempt: null,
  drift: null,
  evidence: [],
  warnings: [],
  facts: [],
};
const attempt = (id: string, more: object = {}): NonNullable<Release["attempt"]> => ({
  deployment: { provider: "ci", instance: "acme", id },
  status: "started",
  startedAt: "2026-11-22T09:00:10.000Z",
  by: "octocat",
  url: null,
  components: [],
  ...more,
});

/** What Alertmanager's description says of a silence that is posted; of others it takes nothing. */
const Posted = z.strictObject({
  matchers: z
    .array(
      z.strictObject({ name: z.string(), value: z.string(), isRegex: z.boolean(), isEqual: z.boolean() }),
    )
    .min(1),
  startsAt: z.iso.datetime(),
  endsAt: z.iso.datetime(),
  createdBy: z.string(),
  comment: z.string(),
});
type Standing = z.infer<typeof Posted> & { id: string; status: { state: "active" | "expired" } };

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Given {
  readonly known?: readonly Redeployment[];
  readonly more?: object;
  /** What is frozen; a test may change it. */
  readonly windows?: Freezes["freezes"];
  /** Instead of Alertmanager: a status and a body, or headers that lead elsewhere. */
  readonly answer?: () => { status: number; body?: string; location?: string } | undefined;
  /** What happens in the moment in which a silence is posted. */
  readonly meanwhile?: () => void;
}

/** The reaction between a ledger that knows some redeployments and a server that keeps silences. */
async function given({
  known = [redeployment("a.1")],
  more = {},
  windows = [],
  answer,
  meanwhile,
}: Given = {}) {
  const redeployments = new Map(known.map((one) => [one.id, one]));
  const silences: Standing[] = [];
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const stand = (posted: unknown) =>
    silences.push({ ...Posted.parse(posted), id: `s${silences.length}`, status: { state: "active" } });

  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    const body = Buffer.concat(await request.toArray()).toString();
    requests.push(`${method} ${url}`);
    authorizations.push(headers.authorization);
    const other = answer?.();
    if (other !== undefined) {
      const { status, body, location } = other;
      response.writeHead(status, location === undefined ? {} : { location }).end(body);
      return;
    }
    if (method === "POST") {
      meanwhile?.();
      stand(JSON.parse(body));
      response.end(`{"silenceID":"s${silences.length - 1}"}`);
      return;
    }
    const ended = silences.find(({ id }) => url === `/am/api/v2/silence/${id}`);
    if (method === "DELETE" && ended !== undefined) ended.status = { state: "expired" };
    response.end(method === "GET" ? JSON.stringify(silences) : undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  stops.push(stop);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("has no port");

  const asked: string[] = [];
  const running: { attempt: Release["attempt"] } = { attempt: null };
  const unasked = () => Promise.reject(new Error("nobody asks for this"));
  const asof: Asof = {
    ask: {
      release: () => Promise.resolve({ ...RELEASE, attempt: running.attempt }),
      snapshot: unasked,
      redeployment: unasked,
      redeployments: unasked,
      freezes: async () => ({ at: NOW, knownAt: NOW, settled: true, freezes: windows, next: null }),
      sources: unasked,
    },
    redeployment: async (id) => {
      asked.push(id);
      const found = redeployments.get(id);
      if (found === undefined) throw new Unknown("the ledger answers 404");
      return found;
    },
    take: unasked,
    planOf: unasked,
    gate: unasked,
    end: unasked,
  };
  const logged: object[] = [];
  const reaction = maintenance(
    settingsOf({ url: `http://127.0.0.1:${address.port}/am`, authorization: SECRET, ...more }),
    { asof, now: () => new Date(NOW), log: { error: (...line) => void logged.push(line) } },
  );
  const heard = (kind: string, id: string, place: object = {}): Promise<void> =>
    reaction.react({ kind, id, ...PLACE, ...place } satisfies Heard);
  return {
    reaction,
    requests,
    authorizations,
    asked,
    running,
    logged,
    stop,
    heard,
    stand,
    click: (id = "a.1") => heard("redeployment.requested", id),
    became: (id: string, status: Redeployment["status"]) =>
      redeployments.set(id, redeployment(id, { status })),
    all: () => silences,
    standing: () => silences.filter(({ status }) => status.state === "active"),
  };
}

describe("a silence", () => {
  it("stands for the alerts of the service, with who asked, why, and where to look", async () => {
    const { click, standing, authorizations } = await given({
      more: { link: "https://asof.example/r/{id}" },
    });
    await click();
    expect(standing()).toEqual([
      {
        id: "s0",
        status: { state: "active" },
        matchers: [
          { name: "env", value: "production", isRegex: false, isEqual: true },
          { name: "service", value: "billing", isRegex: false, isEqual: true },
        ],
        startsAt: "2026-11-22T09:00:00.000Z",
        endsAt: "2026-11-22T10:00:00.000Z",
        createdBy: "asof",
        comment: "asof redeployment a.1: requested by anna: rounds wrongly (https://asof.example/r/a.1)",
      },
    ]);
    expect(new Set(authorizations)).toEqual(new Set([SECRET]));
  });

  it("names the ledger's own path where no link is configured", async () => {
    const { click, standing } = await given();
    await click();
    expect(standing()[0]?.comment).toContain("(/v1/redeployments/a.1)");
  });

  it("is one, however often the request is heard of", async () => {
    const { click, all } = await given();
    for (let n = 0; n < 3; n++) await click();
    expect(all()).toHaveLength(1);
  });

  it.each([
    ["the maximum", { maxMinutes: 5 }, "2026-11-22T12:00:00.000Z", "2026-11-22T09:05:00.000Z"],
    ["the deadline", { maxMinutes: 300 }, "2026-11-22T12:00:00.000Z", "2026-11-22T12:00:00.000Z"],
  ])("lasts until %s at most", async (_, more, deadline, endsAt) => {
    const { click, standing } = await given({ more, known: [redeployment("a.1", { deadline })] });
    await click();
    expect(standing().map((one) => one.endsAt)).toEqual([endsAt]);
  });

  it.each([
    ["has ended", { status: "succeeded" }],
    ["has timed out", { status: "timed out", deadline: "2026-11-22T09:00:20.000Z" }],
    ["runs longer than the maximum already", { requestedAt: "2026-11-22T07:59:00.000Z" }],
  ] as const)("is none for a redeployment that %s", async (_, more) => {
    const { click, requests, all } = await given({ known: [redeployment("a.1", more)] });
    await click();
    expect(all()).toEqual([]);
    expect(requests.filter((one) => !one.startsWith("GET "))).toEqual([]);
  });

  it.each([
    ["redeployment.ended", "a.1/ended", "failed", {}],
    ["deployment.succeeded", "deploy/7", "succeeded", {}],
    ["deployment.failed", "deploy/7", "failed", {}],
    ["deployment.observed", "pods/7", "succeeded", {}],
    ["deployment.succeeded", "deploy/7", "succeeded", { environment: "Production", service: "ACME/Billing" }],
  ] as const)("ends with %s (%s: %s, %o)", async (kind, id, status, place) => {
    const { click, standing, heard, became, requests } = await given();
    await click();
    await heard(kind, id, place);
    expect(standing()).toHaveLength(1);
    became("a.1", status);
    requests.length = 0;
    await heard(kind, id, place);
    expect(standing()).toEqual([]);
    expect(requests).toEqual(["GET /am/api/v2/silences?creator=asof", "DELETE /am/api/v2/silence/s0"]);
    await heard(kind, id, place);
    expect(requests).toHaveLength(3);
  });

  it("ends at once where the redeployment ended in the moment in which it was put", async () => {
    let end = () => {};
    const one = await given({ meanwhile: () => end() });
    end = () => void one.became("a.1", "succeeded");
    await one.click();
    expect(one.all()).toHaveLength(1);
    expect(one.standing()).toEqual([]);
  });

  it("of an older redeployment ends when the next one is asked for, and the next one's stands", async () => {
    const { click, became, standing } = await given({ known: [redeployment("a.1"), redeployment("a.2")] });
    await click();
    became("a.1", "timed out");
    await click("a.2");
    expect(standing().map(({ comment }) => comment.slice(0, "asof redeployment a.2".length))).toEqual([
      "asof redeployment a.2",
    ]);
  });

  it("of somebody else, or of another service, stays", async () => {
    const one = await given({ known: [redeployment("a.1", { status: "failed" })] });
    const matchers = matchersOf(settingsOf(), PLACE);
    const elsewhere = matchersOf(settingsOf(), { ...PLACE, service: "acme/web" });
    const silence = { matchers, startsAt: NOW, endsAt: "2026-11-22T10:00:00.000Z", createdBy: "asof" };
    one.stand({ ...silence, comment: "asof redeployment a.1: extended", createdBy: "anna" });
    one.stand({ ...silence, comment: "asof redeployment b.1: asked for", matchers: elsewhere });
    one.stand({ ...silence, comment: "written by a person who took our name" });
    await one.heard("deployment.failed", "deploy/7");
    expect(one.standing()).toHaveLength(3);
    expect(one.asked).toEqual([]);
  });

  it("of a redeployment that the ledger does not know stays, and keeps no other from ending", async () => {
    const { stand, click, became, heard, standing } = await given();
    const comment = "asof redeployment another.1: requested by anna";
    const matchers = matchersOf(settingsOf(), PLACE);
    stand({ matchers, startsAt: NOW, endsAt: "2026-11-22T10:00:00.000Z", createdBy: "asof", comment });
    await click();
    expect(standing()).toHaveLength(2);
    became("a.1", "succeeded");
    await heard("redeployment.ended", "a.1/ended");
    expect(standing().map((one) => one.comment)).toEqual([comment]);
  });

  it("is of the ledger that it names, and no other's is taken for its own", async () => {
    const { stand, click, became, heard, standing, all } = await given({ more: { ledger: "eu" } });
    const matchers = matchersOf(settingsOf(), PLACE);
    for (const createdBy of ["asof", "asof:us"]) {
      const comment = "asof redeployment a.1: requested by anna";
      stand({ matchers, startsAt: NOW, endsAt: "2026-11-22T10:00:00.000Z", createdBy, comment });
    }
    await click();
    expect(all().map(({ createdBy }) => createdBy)).toEqual(["asof", "asof:us", "asof:eu"]);
    became("a.1", "failed");
    await heard("redeployment.ended", "a.1/ended");
    expect(standing().map(({ createdBy }) => createdBy)).toEqual(["asof", "asof:us"]);
  });

  it.each([
    ["service", { services: ["acme/web"] }],
    ["environment", { environments: ["staging"] }],
  ])("is none where its %s is not listed, and nobody is asked", async (_, more) => {
    const { click, heard, requests, asked } = await given({ more });
    await click();
    await heard("deployment.observed", "pods/7");
    expect([...requests, ...asked]).toEqual([]);
  });

  it("stands where service and environment are listed, in whatever case", async () => {
    const { click, standing } = await given({
      more: { services: ["Acme/Billing"], environments: ["PRODUCTION"] },
    });
    await click();
    expect(standing()).toHaveLength(1);
  });
});

describe("an Alertmanager that fails", () => {
  it.each([
    [{ status: 500, body: '"disk full"' }, 'Alertmanager answers 500: "disk full"'],
    [{ status: 401, body: "x".repeat(5000) }, `Alertmanager answers 401: ${"x".repeat(200)}`],
    [{ status: 307, location: "https://elsewhere.example/" }, "Alertmanager answers 307: "],
  ])("is tried again: %o", async (answer, message) => {
    const { click } = await given({ answer: () => answer });
    const error = await click().catch((error: unknown) => error);
    expect(error).toMatchObject({ message });
    expect(String(error)).not.toContain(SECRET);
  });

  it("is tried again where it is down, and has one silence in the end", async () => {
    let isDown = true;
    const { click, all } = await given({ answer: () => (isDown ? { status: 503 } : undefined) });
    await expect(click()).rejects.toThrow("503");
    isDown = false;
    await click();
    expect(all()).toHaveLength(1);
    const { stop, click: clickInVain } = await given();
    await stop();
    await expect(clickInVain()).rejects.toThrow("Alertmanager cannot be reached (ECONNREFUSED)");
  });

  it("is given up by a line in the log, and by nothing else", async () => {
    const { reaction, logged, requests, asked } = await given();
    await reaction.giveUp(
      { kind: "redeployment.requested", id: "a.1", ...PLACE },
      new Error("Alertmanager cannot be reached"),
    );
    expect(logged).toEqual([
      [
        "silencing alerts was given up",
        { kind: "redeployment.requested", fact: "a.1", reason: "Alertmanager cannot be reached" },
      ],
    ]);
    expect([...requests, ...asked]).toEqual([]);
  });
});

describe("a silence of a deployment", () => {
  const DEPLOYMENTS = { more: { deployments: true } };
  const starts = ({ heard }: Awaited<ReturnType<typeof given>>, id = "7") => heard("deployment.started", id);

  it("stands from its start, once, with who started it, and no longer than the maximum", async () => {
    const one = await given(DEPLOYMENTS);
    one.running.attempt = attempt("7");
    await starts(one);
    await starts(one);
    expect(one.all()).toMatchObject([
      {
        matchers: [{ value: "production" }, { value: "billing" }],
        startsAt: "2026-11-22T09:00:10.000Z",
        endsAt: "2026-11-22T10:00:10.000Z",
        comment: "asof deployment ci/acme/7: started by octocat",
      },
    ]);
  });

  it.each(["deployment.succeeded", "deployment.failed"])("ends with %s", async (kind) => {
    const one = await given(DEPLOYMENTS);
    one.running.attempt = attempt("7");
    await starts(one);
    await one.heard("deployment.observed", "pods");
    expect(one.standing()).toHaveLength(1);
    one.running.attempt = kind === "deployment.failed" ? attempt("7", { status: "failed" }) : null;
    await one.heard(kind, "end");
    expect(one.standing()).toEqual([]);
  });

  it("gives way to that of a later deployment", async () => {
    const one = await given(DEPLOYMENTS);
    one.running.attempt = attempt("7");
    await starts(one);
    one.running.attempt = attempt("8");
    await starts(one, "8");
    expect(one.standing().map(({ comment }) => comment)).toEqual([
      "asof deployment ci/acme/8: started by octocat",
    ]);
  });

  it("is none of a deployment that ended before, or that began too long ago", async () => {
    const one = await given(DEPLOYMENTS);
    await starts(one);
    one.running.attempt = attempt("7", { startedAt: "2026-11-22T07:59:00.000Z" });
    await starts(one);
    expect(one.all()).toEqual([]);
  });

  it("is none where it is not configured, and asks nobody", async () => {
    const one = await given();
    one.running.attempt = attempt("7");
    await starts(one);
    expect(one.all()).toEqual([]);
    expect(one.requests).toEqual([]);
  });

  it("is not ended by a redeployment, nor ends that of one", async () => {
    const one = await given(DEPLOYMENTS);
    await one.click();
    one.running.attempt = attempt("7");
    await starts(one);
    expect(one.standing()).toHaveLength(2);
    one.became("a.1", "succeeded");
    await one.heard("redeployment.ended", "a.1/ended");
    expect(one.standing().map(({ comment }) => comment)).toEqual([
      "asof deployment ci/acme/7: started by octocat",
    ]);
  });
});

describe("a planned window", () => {
  const window = (id: string, more: object = {}): Freezes["freezes"][number] => ({
    ...PLACE,
    status: "scheduled",
    since: "2026-11-22T22:00:00.000Z",
    until: "2026-11-23T02:00:00.000Z",
    by: "anna",
    reason: "new database",
    allowsRollbacks: false,
    silencesAlerts: true,
    redeployment: null,
    exceptions: [],
    fact: { source: "/asof/freezes", id },
    ...more,
  });

  it("is in Alertmanager in advance, from its beginning to its end, once, and ends when it is cancelled", async () => {
    const windows = [window("one")];
    const { heard, standing, all } = await given({ windows });
    await heard("environment.frozen", "one");
    await heard("environment.frozen", "one");
    expect(standing()).toMatchObject([
      {
        startsAt: "2026-11-22T22:00:00.000Z",
        endsAt: "2026-11-23T02:00:00.000Z",
        comment: "asof maintenance one: planned by anna: new database",
      },
    ]);
    windows.splice(0);
    await heard("environment.unfrozen", "end");
    expect(standing()).toEqual([]);
    expect(all()).toHaveLength(1);
  });

  it("is ended by no deployment or redeployment, and ends none of theirs", async () => {
    const { heard, click, standing } = await given({ windows: [window("one")] });
    await heard("environment.frozen", "one");
    await click();
    await heard("deployment.succeeded", "7");
    await heard("environment.unfrozen", "other");
    expect(standing()).toHaveLength(2);
  });

  it("of a whole environment silences what names the environment, and no single service", async () => {
    const { heard, standing } = await given({ windows: [window("all", { service: null })] });
    await heard("environment.frozen", "all", { service: undefined });
    expect(standing()).toMatchObject([
      { matchers: [{ name: "env", value: "production", isRegex: false, isEqual: true }] },
    ]);
  });

  it("of a whole environment is a line in the log where no matcher names the environment alone", async () => {
    const more = { matchers: [{ name: "service", value: "{environment}-{serviceName}" }] };
    const { heard, all, logged } = await given({ windows: [window("all", { service: null })], more });
    await heard("environment.frozen", "all", { service: undefined });
    expect(all()).toEqual([]);
    expect(logged).toEqual([
      [
        "a window silences nothing: no matcher names the environment alone",
        { environment: PLACE.environment },
      ],
    ]);
  });

  it.each([
    ["a freeze that silences nothing", { silencesAlerts: undefined }],
    ["that of another service", { service: "acme/web" }],
  ])("is none for %s", async (_, more) => {
    const { heard, all } = await given({ windows: [window("one", more)] });
    await heard("environment.frozen", "one");
    expect(all()).toEqual([]);
  });
});
