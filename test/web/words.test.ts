import { describe, expect, it } from "vitest";
import { choicesFor } from "../../schemas/words/choices.ts";
import { age, duration } from "../../schemas/words/durations.ts";
import { type Address, addressOf, hrefOf, START } from "../../web/address.ts";
import { moment, utc } from "../../web/format.ts";
import { requestOf } from "../../web/plan-choices.ts";
import { ranked } from "../../web/search.ts";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

describe("an address", () => {
  const full: Address = {
    view: "why",
    columns: ["production", "review/é&x=1"],
    days: 90,
    at: Date.parse("2026-10-28T13:00:00.000Z"),
    filter: "bill ing",
    compare: "staging",
    place: { environment: "prod:eu@2", service: "acme/<b>billing</b>" },
    plan: { at: "2026-10-27T00:00:00.000Z", schema: "keep" },
    window: "2h",
  };

  it("holds the whole question", () => {
    expect(addressOf(hrefOf(full))).toEqual(full);
    expect(addressOf(hrefOf({ ...START, place: { environment: "production", service: undefined } }))).toEqual(
      {
        ...START,
        place: { environment: "production", service: undefined },
      },
    );
  });

  it("of the first screen is /", () => {
    expect(hrefOf(START)).toBe("/");
    expect(addressOf("/")).toEqual(START);
  });

  it("that makes no sense shows the first screen as usual", () => {
    expect(addressOf("/nowhere?days=lots&at=never&window=1y")).toEqual(START);
  });
});

describe("times", () => {
  it("are as long as they need to be", () => {
    const lengths = [20_000, 12 * MINUTE, 3 * HOUR + 51 * MINUTE, 36 * HOUR, 8 * DAY + HOUR];
    expect(lengths.map(duration)).toEqual(["20s", "12m", "3h51m", "1d12h", "8d"]);
    expect(lengths.map(age)).toEqual(["0m", "12m", "3h", "1d", "8d"]);
  });

  it("are in the reader's zone, with the year if it is another one", () => {
    const now = Date.parse("2026-11-27T02:12:00Z");
    expect(moment(now, now, "Europe/Berlin")).toBe("Fri 27 Nov 03:12");
    expect(moment(now - 365 * DAY, now, "Asia/Kolkata")).toBe("Thu 27 Nov 2025 07:42");
    expect(utc(now)).toBe("2026-11-27 02:12 UTC");
  });
});

describe("search", () => {
  const names = ["acme/billing", "acme/web", "billing-old", "acme/orders"];

  it("finds names that hold the text, then those that hold its letters", () => {
    expect(ranked(names, "bill")).toEqual(["acme/billing", "billing-old"]);
    expect(ranked(names, "ORD")).toEqual(["acme/orders"]);
    expect(ranked(names, "nothing like it")).toEqual([]);
    expect(ranked(names, " ")).toEqual(names);
  });
});

describe("a plan in the page", () => {
  const plan = {
    environment: "production",
    service: "acme/web",
    hash: "0".repeat(64),
    components: [
      {
        component: "main",
        from: "sha256:1",
        to: "sha256:2",
        image: null,
        availability: "available" as const,
      },
    ],
  };

  it("is requested as it was shown, with its choices", () => {
    expect(
      requestOf(plan, { last: "good", acceptDataLoss: "true", acceptShared: "a,b" }, "it broke"),
    ).toEqual({
      environment: "production",
      service: "acme/web",
      last: "good",
      acceptDataLoss: true,
      acceptShared: ["a", "b"],
      expectedCurrent: "sha256:1",
      planHash: "0".repeat(64),
      reason: "it broke",
    });
  });

  it("offers choices for what a reader can decide, and none for work elsewhere", () => {
    const labels = (code: Parameters<typeof choicesFor>[0]) => choicesFor(code, plan).map(({ sets }) => sets);
    expect(labels("schema_choice_needed")).toEqual([{ schema: "keep" }, { schema: "revert" }]);
    expect(labels("data_loss")).toEqual([{ acceptDataLoss: "true" }]);
    expect(labels("irreversible")).toEqual([]);
  });
});
