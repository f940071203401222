/** Each sender's own names: kept where naming rules gave others, and answered with them. */
import { afterEach, describe, expect, it } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { Rules } from "../../functions/ledger/names/naming-rules.ts";
import { Names } from "../../schemas/answers/names.ts";
import { digestOf } from "../ledger/given.ts";
import { cleanUp, deployed, givenDoors, tokenOf } from "./given.ts";

afterEach(cleanUp);

const RULES = Rules.parse([
  { match: { environment: "1111/eu/*" }, set: { environment: "production.eu", group: "production" } },
  { match: { vendor: "events", component: "app" }, set: { component: "main" } },
  { match: { repository: "registry:5000/*" }, set: { repository: "ghcr.io/$1" } },
]);

const RAW = {
  environment: "1111/eu/shop",
  components: [{ component: "app", repository: "registry:5000/acme/billing", digest: digestOf("1") }],
};

async function given() {
  const doors = givenDoors({ rules: RULES });
  const names = async (client = doors.client("reader")) =>
    Names.parse((await client.get("/v1/names")).json).names;
  expect((await doors.client().say(deployed("1", undefined, RAW))).status).toBe(201);
  return { ...doors, names };
}

describe("the names of senders", () => {
  it("are kept beside those that the rules gave, with the rules", async () => {
    const { names } = await given();
    expect(await names()).toEqual([
      expect.objectContaining({
        source: "/test",
        vendor: "events",
        sent: {
          environment: "1111/eu/shop",
          service: "acme/billing",
          component: "app",
          repository: "registry:5000/acme/billing",
        },
        named: {
          group: "production",
          environment: "production.eu",
          service: "acme/billing",
          component: "main",
          repository: "ghcr.io/acme/billing",
        },
        rules: [1, 2, 3],
      }),
    ]);
  });

  it("are those of the ledger where no rule applies, each once", async () => {
    const { client, names } = await given();
    for (const id of ["2", "3"]) await client().say(deployed(id, undefined, { environment: "staging" }));
    const [, other, ...more] = await names();
    expect(other).toMatchObject({ named: { environment: "staging" }, rules: [] });
    expect(other?.sent).toEqual(other?.named);
    expect(more).toEqual([]);
  });

  it("change nothing of what was sent: the same event is a duplicate under other rules", async () => {
    const { client, ledger } = await given();
    const other = givenDoors({ store: ledger.store, rules: [] });
    expect((await other.client().say(deployed("1", undefined, RAW))).status).toBe(200);
    expect((await client().say(deployed("1", undefined, RAW))).status).toBe(200);
  });

  it("of other places are left out for a bound reader", async () => {
    const bound = "bound-reader-token-that-nobody-may-see";
    const tokens = parseTokens(`admin:admin:${tokenOf("admin")},reader:eyes:${bound}:environments=staging`);
    const { client, stranger, setNow } = givenDoors({
      rules: RULES,
      secrets: () => Promise.resolve({ tokens, webhooks: {} }),
    });
    await client().say(deployed("1", undefined, RAW));
    await client().say(deployed("2", undefined, { environment: "staging" }));
    // What others report later under the same source crowds nothing out.
    setNow("2026-11-23T09:00:00.000Z");
    await client().say(deployed("3", undefined, RAW));
    const { names } = Names.parse((await stranger(bound).get("/v1/names")).json);
    expect(names.map(({ sent }) => sent.environment)).toEqual(["staging"]);
  });
});
