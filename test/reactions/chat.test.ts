/** What chats are told, by a ledger in this process, through a server that takes Slack's format and nothing else. */
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { SentMessages } from "../../functions/adapters/sent-messages.ts";
import { temporaryDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqliteSentMessages } from "../../functions/adapters/sqlite/sent-messages.ts";
import { Rules } from "../../functions/ledger/names/naming-rules.ts";
import { chat } from "../../functions/reactions/chat/chat.ts";
import { escaped, link, messageOf } from "../../functions/reactions/chat/message.ts";
import { CHAT_KINDS } from "../../functions/reactions/chat/news.ts";
import { asofOver } from "../../functions/reactions/ledger-client.ts";
import { Heard } from "../../functions/reactions/reaction.ts";
import { configuration } from "../../functions/runtime/config/environment.ts";
import type { Fact } from "../../schemas/fact.ts";
import { type Event, event } from "../client.ts";
import { cleanUp, givenDoors, NOW, tokenOf } from "../http/given.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { click, PLACE, REPOSITORY } from "./asked-back.ts";
import { type Received, type Reply, receiver } from "./receiving.ts";

const SECRET = "/services/T00000000/B00000000/nobody-may-see-this";
const TOKEN = "xoxb-nobody-may-see-this";

/** Block Kit as Slack takes it: its limits (docs.slack.dev, "Section block", "Context block"). */
const Mrkdwn = z.strictObject({
  type: z.literal("mrkdwn"),
  text: z.string().min(1).max(3000),
  verbatim: z.literal(true),
});
const Block = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("section"), text: Mrkdwn }),
  z.strictObject({ type: z.literal("context"), elements: z.array(Mrkdwn).min(1).max(10) }),
]);
const message = { text: z.string().min(1).max(16_000), blocks: z.array(Block).min(1).max(50) };
const ToWebhook = z.strictObject(message);
const ToBot = z.strictObject({
  ...message,
  channel: z.string(),
  ts: z.string().optional(),
  unfurl_links: z.boolean().optional(),
  unfurl_media: z.boolean().optional(),
});

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  cleanUp();
});

const bodyOf = ({ method, headers, body }: Received): unknown => {
  expect(method).toBe("POST");
  expect(headers["content-type"]).toBe("application/json; charset=utf-8");
  return JSON.parse(body);
};

interface Given {
  /** Fields of the channels beside their addresses; one channel for each. */
  readonly channels?: readonly object[];
  readonly replies?: readonly Reply[];
  readonly sent?: SentMessages;
  readonly rules?: object[];
}

function sentMessages(): SentMessages {
  const database = temporaryDatabase();
  stops.push(() => database.close());
  return sqliteSentMessages(database);
}

/** A ledger, and a chat that is told of each fact as the process that runs reactions tells it. */
async function given({
  rules = [],
  channels = [{}],
  replies = [{ status: 200, body: "ok" }],
  sent = sentMessages(),
}: Given = {}) {
  const server = await receiver(replies);
  stops.push(server.stop);
  const facts: Fact[] = [];
  const doors = givenDoors({ rules: Rules.parse(rules), publish: async (fact) => void facts.push(fact) });
  const settings = configuration({
    ASOF_CHAT: JSON.stringify({
      page: "https://asof.acme.example/",
      channels: channels.map((more, n) => ({
        kind: "webhook",
        url: `${server.address}${SECRET}${n}`,
        ...more,
      })),
    }),
  }).chat;
  if (settings === undefined) throw new Error("is not configured");
  const logged: object[] = [];
  const asof = asofOver(async (path, init) => doors.app.request(path, init), tokenOf("executor"));
  const log = { error: (...line: object[] | [string, object]) => void logged.push(line) };
  const reaction = chat(settings, { asof, sent, now: () => new Date(Date.parse(NOW) + 60_000), log });
  /** Everything that was recorded since the last call, as a queue hands it on. */
  const react = async (): Promise<void> => {
    for (const fact of facts.splice(0)) {
      const heard = Heard.safeParse(fact);
      if (heard.success && reaction.kinds.includes(fact.kind)) await reaction.react(heard.data);
    }
  };
  const admin = doors.client("admin");
  const say = async (...events: readonly Event[]): Promise<void> => {
    await admin.sayAll(events);
    await react();
  };
  const texts = (): string[] => server.received.map((one) => ToWebhook.parse(bodyOf(one)).text);
  return { ...doors, admin, say, react, facts, reaction, texts, logged, server, sent };
}

const minutesBefore = (minutes: number): string => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();
const deployedAt = (
  minutes: number,
  image: string,
  more: object = {},
  kind = "succeeded",
  id = `${image}-${minutes}`,
) =>
  event(`deployment.${kind}`, `${kind}-${id}`, minutesBefore(minutes), {
    ...PLACE,
    deployment: { provider: "test", instance: "here", id },
    components: [{ component: "main", repository: REPOSITORY, digest: digestOf(image) }],
    ...more,
  });
const pushed = (image: string, tag: string) =>
  event("artifact.pushed", `push-${tag}`, minutesBefore(600), {
    repository: REPOSITORY,
    digest: digestOf(image),
    tag,
  });
const observedAt = (minutes: number, image: string) =>
  event("deployment.observed", `look-${minutes}`, minutesBefore(minutes), {
    ...PLACE,
    components: [{ component: "main", digest: digestOf(image) }],
  });

const HISTORY = [
  pushed("one", "1.7.0"),
  pushed("two", "1.8.0"),
  event("service.described", "description", minutesBefore(700), {
    service: PLACE.service,
    owner: "team-billing",
    contact: "#billing-oncall",
  }),
  deployedAt(13_000, "one"),
];

describe("a deployment", () => {
  it("is told with its version, the one before, who did it, and links", async () => {
    const { say, server } = await given();
    const url = "https://ci.acme.example/runs/77";
    await say(...HISTORY, deployedAt(10, "two", { actor: "octocat", url, commit: { sha: shaOf("c") } }));
    const [told, ...more] = server.received.map((one) => ToWebhook.parse(bodyOf(one)));
    expect(more).toEqual([]);
    const page = `https://asof.acme.example/?at=${encodeURIComponent(minutesBefore(10))}&amp;environment=production&amp;service=acme%2Fbilling`;
    expect(told?.text.split("\n")).toEqual([
      "▲ *acme/billing* in *production*: deployed 1.8.0 (before: 1.7.0)",
      `by octocat · commit ${shaOf("c").slice(0, 7)} · team-billing, #billing-oncall · <${page}|release> · <${url}|run>`,
    ]);
    expect(told?.blocks.map(({ type }) => type)).toEqual(["section", "context"]);
  });

  it("that brings what ran already is not told", async () => {
    const { say, texts } = await given();
    await say(...HISTORY, deployedAt(10, "one"));
    expect(texts()).toEqual([]);
  });

  it("is told once, though it is delivered again, and by the next process", async () => {
    const first = await given();
    await first.say(...HISTORY, deployedAt(10, "two"));
    expect(first.texts()).toHaveLength(1);
    const next = await given({ sent: first.sent, channels: [{ url: `${first.server.address}${SECRET}0` }] });
    await next.say(...HISTORY, deployedAt(10, "two"));
    expect(first.texts()).toHaveLength(1);
  });

  it("that two senders report is told once, whichever comes first", async () => {
    const { say, texts } = await given();
    await say(...HISTORY, deployedAt(10, "two", {}, "succeeded", "ci"));
    await say(deployedAt(11, "two", {}, "succeeded", "forge"));
    expect(texts()).toHaveLength(1);
  });

  it("that changes configuration alone is told", async () => {
    const { say, texts } = await given();
    const config = [
      { repository: "https://github.com/acme/deploy", revision: "77aa01c", path: "billing.yaml" },
    ];
    await say(...HISTORY, deployedAt(10, "one", { config }));
    expect(texts()[0]).toMatch(
      /^▲ \*acme\/billing\* in \*production\*: deployed 1.7.0 \(another image or configuration\)/,
    );
  });

  it("that failed is told with the reason, and with what runs", async () => {
    const { say, texts } = await given();
    await say(...HISTORY, deployedAt(10, "two", { reason: "probe timed out" }, "failed"));
    expect(texts()[0]?.split("\n").slice(0, 2)).toEqual([
      `✗ *acme/billing* in *production*: the deployment of ${digestOf("two").slice(7, 15)} failed; 1.7.0 runs`,
      "probe timed out",
    ]);
  });

  it.each(["superseded", "cancelled", "abandoned"])("that was %s did not fail", async (outcome) => {
    const { say, texts } = await given();
    await say(...HISTORY, deployedAt(10, "two", { outcome }, "failed"));
    expect(texts()).toEqual([]);
  });

  it("of long ago is history and no news", async () => {
    const { say, texts } = await given();
    await say(...HISTORY, deployedAt(7 * 60, "two"));
    expect(texts()).toEqual([]);
  });

  it("that rolls back is told with the reason of its request", async () => {
    const { say, texts, client } = await given();
    await say(...HISTORY, deployedAt(3000, "two"));
    const redeployment = await click(client("operator"), NOW);
    await say(deployedAt(0, "one", { redeployment: redeployment.id }));
    expect(texts()[0]?.split("\n").slice(0, 2)).toEqual([
      "▼ *acme/billing* in *production*: rolled back to 1.7.0 (before: 1.8.0)",
      redeployment.reason,
    ]);
  });

  it("that never began, because no executor took it, is told as failed", async () => {
    const { say, react, texts, client } = await given();
    await say(...HISTORY, deployedAt(3000, "two"));
    const redeployment = await click(client("operator"), NOW);
    const end = { outcome: "failed", reason: "the executor is gone" };
    await client("executor").post(`/v1/redeployments/${redeployment.id}/end`, end);
    await react();
    expect(texts()[0]?.split("\n").slice(0, 2)).toEqual([
      "✗ *acme/billing* in *production*: the redeployment failed",
      "the executor is gone",
    ]);
  });
});

describe("drift", () => {
  it("is told once, however often it is seen", async () => {
    const { say, texts } = await given();
    await say(...HISTORY, observedAt(20, "two"));
    await say(observedAt(15, "two"), observedAt(10, "two"));
    expect(texts()).toHaveLength(1);
    expect(texts()[0]).toMatch(
      /^! \*acme\/billing\* in \*production\* drifts: [0-9a-f]{8} runs, [0-9a-f]{8} was deployed/,
    );
  });

  it("is no news while a deployment is in progress, nor where what runs is what was deployed", async () => {
    const { say, texts } = await given();
    await say(...HISTORY, observedAt(30, "one"));
    await say(deployedAt(20, "two", {}, "started", "d"), observedAt(19, "two"));
    expect(texts()).toEqual([]);
  });

  it("that a deployment ends does not hide the deployment", async () => {
    const { say, texts } = await given({ channels: [{ on: ["deployed"] }] });
    await say(...HISTORY, observedAt(12, "two"), deployedAt(10, "two"));
    expect(texts()).toHaveLength(1);
  });
});

describe("a freeze", () => {
  it("is told with its reason, who did it, and until when; and its end", async () => {
    const { say, react, texts, client } = await given();
    await say(...HISTORY);
    const freeze = { environment: "production", reason: "holidays", until: "2026-12-01T00:00:00.000Z" };
    await client("operator").post("/v1/freezes", freeze);
    await react();
    await client("operator").post("/v1/freezes/end", { environment: "production" });
    await react();
    expect(texts()).toEqual([
      "❄ *production* is frozen until 2026-12-01 00:00 UTC\nholidays\nby operator-1",
      "❄ *production* is no longer frozen",
    ]);
  });
});

describe("a source that fell silent", () => {
  const beats = [...Array(8).keys()].map((n) =>
    event(
      "artifact.pushed",
      `beat-${n}`,
      minutesBefore(200),
      { repository: REPOSITORY, digest: digestOf(`b${n}`) },
      "/ci/acme",
    ),
  );

  it("is told once", async () => {
    const { say, setNow, reaction, texts } = await given();
    for (const [n, beat] of beats.entries()) {
      setNow(minutesBefore(200 - 5 * n));
      await say(beat);
    }
    setNow(NOW);
    await reaction.check?.();
    await reaction.check?.();
    expect(texts()).toEqual([
      "? */ci/acme* is silent since 2026-11-22 06:15 UTC, usually every 5 min\nWhat it reports may be missing",
    ]);
  });

  it("is told to channels of everything, and to those that ask for it", async () => {
    const channels = [{ environments: ["production"] }, { owners: ["x"], on: ["silent"] }, {}];
    const { say, setNow, reaction, server } = await given({ channels });
    for (const [n, beat] of beats.entries()) {
      setNow(minutesBefore(200 - 5 * n));
      await say(beat);
    }
    setNow(NOW);
    await reaction.check?.();
    expect(server.received.map(({ path }) => path.at(-1)).sort()).toEqual(["1", "2"]);
  });
});

describe("a channel", () => {
  it.each([
    ["of the place", { environments: ["PRODUCTION"], services: ["acme/billing"] }, true],
    ["of another environment", { environments: ["staging"] }, false],
    ["of another service", { services: ["acme/orders"] }, false],
    ["of a group that the environment is not in", { groups: ["production"] }, false],
    ["of the owner", { owners: ["Team-Billing"] }, true],
    ["of another owner", { owners: ["team-orders"] }, false],
    ["of failures alone", { on: ["failed"] }, false],
  ])("%s is told what concerns it", async (_, more, isTold) => {
    const { say, texts } = await given({ channels: [more] });
    await say(...HISTORY, deployedAt(10, "two"));
    expect(texts()).toHaveLength(isTold ? 1 : 0);
  });

  it("of an owner is told of a freeze of the whole environment", async () => {
    const { say, react, texts, client } = await given({ channels: [{ owners: ["team-billing"] }] });
    await say(...HISTORY);
    await client("operator").post("/v1/freezes", { environment: "production", reason: "holidays" });
    await react();
    expect(texts()).toHaveLength(1);
  });

  it.each([
    ["of the group", ["Live"], 2],
    ["of another group", ["test"], 0],
  ])("%s is told of its services and of its environments", async (_, groups, count) => {
    const rules = [{ match: { environment: "production" }, set: { group: "live" } }];
    const { say, react, texts, client } = await given({ channels: [{ groups }], rules });
    await say(...HISTORY, deployedAt(10, "two"));
    await client("operator").post("/v1/freezes", { environment: "production", reason: "holidays" });
    await react();
    expect(texts()).toHaveLength(count);
  });

  it("that cannot be reached holds up no other one, which is not told twice", async () => {
    const replies = [{ status: 500 }, { status: 200, body: "ok" }];
    const { say, server, facts, admin, react } = await given({ channels: [{}, {}], replies });
    await say(...HISTORY);
    await admin.say(deployedAt(10, "two"));
    const [fact] = facts;
    if (fact === undefined) throw new Error("nothing was recorded");
    await expect(react()).rejects.toThrow(/^127\.0\.0\.1:\d+ answers 500$/);
    facts.push(fact);
    await react();
    expect(server.received.map(({ path }) => path.at(-1))).toEqual(["0", "1", "0"]);
  });

  it("that is busy is asked again after the time that it names", async () => {
    const busy = { status: 429, headers: { "retry-after": "0" } };
    const { say, texts } = await given({ replies: [busy, { status: 200, body: "ok" }] });
    await say(...HISTORY, deployedAt(10, "two"));
    expect(texts()).toHaveLength(2);
  });

  it("that is busy for long is left to the queue", async () => {
    const busy = { status: 429, headers: { "retry-after": "60" } };
    const { say, server } = await given({ replies: [busy] });
    await expect(say(...HISTORY, deployedAt(10, "two"))).rejects.toThrow("answers 429");
    expect(server.received).toHaveLength(1);
  });

  it.each([
    ["a code of Slack's", "invalid_blocks", "answers 400 (invalid_blocks)"],
    ["words that quote the address", `no hook ${SECRET}`, "answers 400"],
  ])("that refuses with %s gives no secret away", async (_, body, expected) => {
    const { say, reaction, logged } = await given({ replies: [{ status: 400, body }] });
    const error = await say(...HISTORY, deployedAt(10, "two")).catch((caught: unknown) => caught);
    expect(String(error)).toMatch(new RegExp(`${expected.replaceAll(/[()]/g, "\\$&")}$`));
    await reaction.giveUp({ kind: "deployment.succeeded", id: "x", environment: "production" }, error);
    expect(JSON.stringify([String(error), logged])).not.toContain("nobody-may-see-this");
  });
});

describe("a bot", () => {
  const posted = (ts: string): Reply => ({
    status: 200,
    body: JSON.stringify({ ok: true, ts, channel: "C01" }),
  });
  const bot = async (replies: readonly Reply[]) => {
    const server = await receiver(replies);
    stops.push(server.stop);
    const channel = { kind: "bot", token: TOKEN, channel: "C0123456789", api: `${server.address}/api` };
    const ledger = await given({ channels: [{ url: undefined, ...channel }] });
    const calls = () => server.received.map((one) => ({ path: one.path, ...ToBot.parse(bodyOf(one)) }));
    return { ...ledger, calls, server };
  };

  it("tells the start of a deployment, and replaces that message at its end", async () => {
    const { say, calls, server } = await bot([posted("1700000000.000100")]);
    await say(
      ...HISTORY,
      deployedAt(20, "two", {}, "started", "d"),
      deployedAt(10, "two", {}, "succeeded", "d"),
    );
    expect(calls().map(({ path, ts }) => [path, ts])).toEqual([
      ["/api/chat.postMessage", undefined],
      ["/api/chat.update", "1700000000.000100"],
    ]);
    expect(calls().map(({ text }) => text.split("\n")[0])).toEqual([
      `◐ *acme/billing* in *production*: ${digestOf("two").slice(7, 15)} is being deployed`,
      "▲ *acme/billing* in *production*: deployed 1.8.0 (before: 1.7.0)",
    ]);
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${TOKEN}`,
      `Bearer ${TOKEN}`,
    ]);
  });

  it("does not go back to the start when that arrives late", async () => {
    const { say, calls } = await bot([posted("1.2")]);
    await say(...HISTORY, deployedAt(10, "two", {}, "succeeded", "d"));
    await say(deployedAt(20, "two", {}, "started", "d"));
    expect(calls()).toHaveLength(1);
  });

  it("replaces the start of a deployment that changed nothing, or that was stopped", async () => {
    const { say, calls } = await bot([posted("1.2")]);
    await say(
      ...HISTORY,
      deployedAt(20, "one", {}, "started", "d"),
      deployedAt(10, "one", {}, "succeeded", "d"),
    );
    expect(calls()[1]?.text).toMatch(/^▲ .* deployed 1.7.0 \(the same again\)/);
  });

  it("that Slack refuses is an error that names Slack's word for it, and not the token", async () => {
    const { say } = await bot([
      { status: 200, body: JSON.stringify({ ok: false, error: "not_in_channel" }) },
    ]);
    const error = await say(...HISTORY, deployedAt(10, "two")).catch((caught: unknown) => caught);
    expect(String(error)).toMatch(/refuses chat.postMessage \(not_in_channel\)$/);
    expect(String(error)).not.toContain(TOKEN);
  });
});

describe("a text of somebody else's", () => {
  it.each([
    ["<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;＠U1&gt;"],
    ["*bold* `code` ~gone~", "∗bold∗ ˋcodeˋ ∼gone∼"],
    ["acme_billing_api", "acme_billing_api"],
    ["_leaning_", "＿leaning＿"],
    ["@all @here", "＠all ＠here"],
    ["![x](https://evil.example/pixel)", "![x] (https://evil.example/pixel)"],
    ["two\nlines\ttab", "two lines tab"],
    ["turned \u202e round", "turned \\u202e round"],
  ])("%j is shown as %j", (value, expected) => {
    expect(escaped(value)).toBe(expected);
  });

  it("is cut between characters", () => {
    expect(escaped("🙂".repeat(101))).toBe(`${"🙂".repeat(99)}…`);
  });

  it("cannot leave a link", () => {
    expect(link("https://ci.example/a|b>c?x=1&y=<2", "run")).toEqual([
      "<https://ci.example/a%7Cb%3Ec?x=1&amp;y=%3C2|run>",
    ]);
    expect(link(`https://ci.example/${"a".repeat(2001)}`, "run")).toEqual([]);
  });

  it("of the greatest length stays within the limits of Block Kit", () => {
    const worst = "&".repeat(1024);
    const told = messageOf(
      `▲ ${escaped(worst)} in ${escaped(worst)}: ${escaped(worst)} (${escaped(worst)})`,
      worst,
      [
        ...link(`https://x.example/${"&".repeat(1900)}`, "run"),
        ...Array.from({ length: 12 }, () => escaped(worst)),
      ],
    );
    expect(ToWebhook.parse(told).blocks).toHaveLength(3);
  });
});

describe("the configuration", () => {
  it.each([
    [
      "an address without TLS",
      { kind: "webhook", url: `http://chat.example${SECRET}` },
      "channels.0.url: must be an https",
    ],
    [
      "no channel of a bot",
      { kind: "bot", token: TOKEN, channel: "#general" },
      "channels.0.channel: must be a channel's id",
    ],
    [
      "a subject that there is not",
      { kind: "webhook", url: `https://chat.example${SECRET}`, on: ["everything"] },
      "channels.0.on.0",
    ],
  ])("is refused with %s, and quotes no secret", (_, channel, why) => {
    const read = () => configuration({ ASOF_CHAT: JSON.stringify({ channels: [channel] }) });
    expect(read).toThrow(why);
    expect(read).toThrow(/^ASOF_CHAT: /);
    expect(read).not.toThrow("nobody-may-see-this");
  });

  it("subscribes to kinds that the ledger records", () => {
    expect(CHAT_KINDS).toContain("deployment.succeeded");
  });
});
