import { describe, expect, it } from "vitest";
import { choicesFor } from "../../schemas/words/choices.ts";
import { age, duration } from "../../schemas/words/durations.ts";
import { type Address, addressOf, hrefOf, START } from "../../web/address.ts";
import { moment, spaced, tickLabel, utc } from "../../web/format.ts";
import { requestOf } from "../../web/plan-choices.ts";
import { ranked } from "../../web/search.ts";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

describe("an address", () => {
  const full: Address = {
    view: "why",
    columns: ["production", "review/é&x=1"],
    open: ["", "review"],
    fold: ["production"],
    days: 90,
    zoom: { from: Date.parse("2026-10-28T12:00:00.000Z"), to: Date.parse("2026-10-28T14:00:00.000Z") },
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
    const ticks = [
      "2026-11-27T00:00:00Z",
      "2026-11-27T14:30:00Z",
      "2026-11-01T00:00:00Z",
      "2027-01-01T00:00:00Z",
    ];
    const labels = (isByMonth: boolean) => ticks.map((tick) => tickLabel(Date.parse(tick), isByMonth, "UTC"));
    expect(labels(false)).toEqual(["27 Nov", "14:30", "1 Nov", "1 Jan"]);
    expect(labels(true).slice(2)).toEqual(["Nov", "2027"]);
    const days = [27, 29, 31, 32, 34].map((day) => new Date(2026, 9, day));
    const [first, last] = [new Date(2026, 9, 24), new Date(2026, 9, 36)].map((day) => day.getTime());
    expect(spaced(days, first ?? 0, last ?? 0).map((day) => day.getDate())).toEqual([27, 29, 1, 3]);
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
    config: [
      {
        from: null,
        to: { repository: "https://github.com/acme/deploy", path: "web.yaml", revision: "0a1b2c3" },
        compareUrl: null,
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
    expect(labels("configuration_not_restored")).toEqual([
      { config: "revert" },
      { acceptConfiguration: "true" },
    ]);
  });
});
