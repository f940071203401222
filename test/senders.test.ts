/** Events over EventBridge: who sent them, and what each sender may report. */
import { afterEach, describe, expect, it } from "vitest";
import { receive } from "../functions/ledger/ingest/ingest.ts";
import { ANY_SENDER, senderIn, sendersFrom } from "../functions/runtime/config/senders.ts";
import { aws } from "../functions/sources/aws/aws.ts";
import ecrPush from "./golden/aws/ecr-image-action.push.index.json" with { type: "json" };
import { cleanUp, deployed, givenDoors, NOW } from "./http/given.ts";

afterEach(cleanUp);

const [OWN, STAGING, STRANGER] = ["111111111111", "222222222222", "333333333333"];
const LIST = [
  { name: "own", account: OWN, sources: ["/test"] },
  { name: "staging", account: STAGING, environments: ["staging"], sources: ["/test"] },
  {
    name: "prod-ci",
    account: STAGING,
    source: "ci.production",
    environments: ["production"],
    sources: ["/test"],
  },
];
const senders = sendersFrom({ ASOF_SENDERS: JSON.stringify(LIST) });

const sent = (account: string | undefined, environment: string, source = "ci.acme") => ({
  ...(account === undefined ? {} : { account }),
  source,
  "detail-type": "dev.asof.deployment.succeeded.v1",
  detail: deployed("1", "2026-10-20T08:11:00.000Z", { environment }),
});

const from = (source: string, account: string) => {
  const event = sent(account, "production");
  return { ...event, detail: { ...event.detail, source } };
};

/** A push to ECR, as AWS reports it. */
const pushed = (account: string, repository = account) => ({
  ...ecrPush,
  account: repository,
  id: `${account} ${repository}`,
});

async function outcomeOf(event: object, account = event, list = senders) {
  const { ledger } = givenDoors();
  const sender = senderIn(list, account);
  if (typeof sender === "string") return sender;
  const statements = aws.toStatements(event, { headers: new Headers(), receivedAt: NOW });
  const [received] = await receive(ledger, sender, statements);
  const { outcome, reason } = received?.said ?? {};
  return [sender.reportedBy, outcome, ...(reason === undefined ? [] : [reason])];
}

describe("an event of EventBridge", () => {
  it("is bound to the grants of its account", async () => {
    expect(await outcomeOf(sent(STAGING, "staging"))).toEqual(["eventbridge:staging", "recorded"]);
    expect(await outcomeOf(sent(STAGING, "production"))).toEqual([
      "eventbridge:staging",
      "rejected",
      expect.stringContaining("eventbridge:staging may only report for the environments staging"),
    ]);
    expect(await outcomeOf(sent(OWN, "production"))).toEqual(["eventbridge:own", "recorded"]);
  });

  it("is bound to those of its source, where that is listed", async () => {
    const event = sent(STAGING, "production", "ci.production");
    expect(await outcomeOf(event)).toEqual(["eventbridge:prod-ci", "recorded"]);
    expect(await outcomeOf(sent(STAGING, "staging", "ci.production"))).toEqual([
      "eventbridge:prod-ci",
      "rejected",
      expect.stringContaining("environments production"),
    ]);
  });

  it.each([
    ["of another account", sent(STRANGER, "staging")],
    ["without an account", sent(undefined, "staging")],
    ["that is none", { detail: {} }],
  ])("%s is nobody's, once senders are listed", async (_, event) => {
    expect(await outcomeOf(event)).toMatch(/^no sender is configured for the account .*: add it to senders$/);
  });

  it("is, without granted sources, under those of its name, or AWS's own of its account", async () => {
    const list = sendersFrom({ ASOF_SENDERS: JSON.stringify([{ name: "own", account: OWN }]) });
    const outcome = (event: object) => outcomeOf(event, { account: OWN, source: "any" }, list);
    expect(await outcome(from("/ci/own", OWN))).toEqual(["eventbridge:own", "recorded"]);
    expect(await outcome(pushed(OWN))).toEqual(["eventbridge:own", "recorded"]);
    for (const other of [from("/ci/prod-ci", OWN), from("/ci/owner", OWN), pushed(OWN, STAGING)])
      expect(await outcome(other)).toEqual([
        "eventbridge:own",
        "rejected",
        expect.stringContaining("may only report for sources under /ci/own, /webhooks/aws/ecr/111111111111"),
      ]);
  });

  it("is anybody's without a list", () => {
    expect(senderIn(sendersFrom({}), sent(STRANGER, "production"))).toBe(ANY_SENDER);
  });

  it.each([
    ["no list", "{}"],
    ["an account that is a number", JSON.stringify([{ name: "a", account: 111111111111 }])],
    ["an unknown grant", JSON.stringify([{ ...LIST[0], environment: "staging" }])],
    ["an account twice", JSON.stringify([LIST[0], { ...LIST[0], name: "other" }])],
  ])("is refused at start with %s", (_, ASOF_SENDERS) => {
    expect(() => sendersFrom({ ASOF_SENDERS })).toThrow(/^ASOF_SENDERS: /);
  });
});
