import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { Release } from "../../schemas/answer.ts";
import { digestOf } from "../ledger/given.ts";
import { cleanUp, deployed, givenDoors, NOW, problemOf, SOON } from "./given.ts";

afterAll(cleanUp);

const PLACE = { environment: "production", service: "acme/billing" };
const OCTOBER = { environment: "production", from: "2026-10-01" };

/** A ledger in which something was deployed at noon of each of three days, recorded on the 22nd of November. */
async function given() {
  const doors = givenDoors();
  for (const day of ["20", "21", "22"]) {
    await doors.client().say(deployed(day, `2026-10-${day}T12:00:00.000Z`));
  }
  // Whatever is asked is asked an hour later.
  doors.setNow("2026-11-22T10:00:00.000Z");
  return doors;
}

const Momentous = z.looseObject({ at: z.string(), knownAt: z.string(), settled: z.boolean() });

async function asked(query: Record<string, string>) {
  const { client } = await given();
  const answer = await client().get("/v1/release", { ...PLACE, ...query });
  return answer.status === 200 ? Release.parse(answer.json) : problemOf(answer);
}

describe("a moment", () => {
  it.each([
    ["2026-10-21", "2026-10-21T23:59:59.999Z", "21"],
    ["2026-10-21T12:00:00Z", "2026-10-21T12:00:00.000Z", "21"],
    ["2026-10-21T11:59:59.999Z", "2026-10-21T11:59:59.999Z", "20"],
    ["2026-10-21T13:59:59+02:00", "2026-10-21T11:59:59.000Z", "20"],
    ["2026-10-21T14:00:00+02:00", "2026-10-21T12:00:00.000Z", "21"],
    ["2026-10-21T04:30:00.123456789-08:00", "2026-10-21T12:30:00.123Z", "21"],
    ["2030-01-01", "2030-01-01T23:59:59.999Z", "22"],
    ["2026-10-21T14:00:00 02:00", "2026-10-21T12:00:00.000Z", "21"],
    ["yesterday", "2026-11-21T23:59:59.999Z", "22"],
    ["today", "2026-11-22T23:59:59.999Z", "22"],
  ])("may be asked about as %s, which is %s", async (at, instant, id) => {
    expect(await asked({ at })).toMatchObject({ at: instant, components: [{ digest: digestOf(id) }] });
  });

  it.each([
    ["-90m", "2026-11-22T08:30:00"],
    ["-24h", "2026-11-21T10:00:00"],
    ["-32d", "2026-10-21T10:00:00"],
    ["-5w", "2026-10-18T10:00:00"],
    ["now", "2026-11-22T10:00:00"],
  ])("may be said as a time ago, %s", async (at, instant) => {
    expect(Momentous.parse(await asked({ at })).at).toContain(instant);
  });

  it.each([
    ["2026-10-21T14:00", "Europe/Berlin", "2026-10-21T12:00:00.000Z"],
    ["2026-10-21T13:59:59", "Europe/Berlin", "2026-10-21T11:59:59.000Z"],
    ["2026-10-21", "Europe/Berlin", "2026-10-21T21:59:59.999Z"],
    ["2026-10-31", "America/Los_Angeles", "2026-11-01T06:59:59.999Z"],
    // The day on which clocks go back has 25 hours.
    ["2026-11-01", "America/Los_Angeles", "2026-11-02T07:59:59.999Z"],
    // In Santiago clocks go forward at midnight, so this day begins at one.
    ["2026-09-05", "America/Santiago", "2026-09-06T03:59:59.999Z"],
    ["yesterday", "Pacific/Auckland", "2026-11-21T10:59:59.999Z"],
    ["2026-10-21T12:00:00Z", "Europe/Berlin", "2026-10-21T12:00:00.000Z"],
  ])("may be said as %s in %s", async (at, tz, instant) => {
    expect(await asked({ at, tz })).toMatchObject({ at: instant });
  });

  it("is never guessed: a local time needs a zone, and must have happened once", async () => {
    const detailOf = async (query: Record<string, string>) =>
      problemOf(await (await given()).client().get("/v1/release", { ...PLACE, ...query }));
    expect(await detailOf({ at: "2026-10-21T12:00" })).toMatchObject({
      status: 422,
      detail:
        "at: 2026-10-21T12:00 needs a zone: use 2026-10-21T12:00:00Z, or add the parameter tz, like tz=Europe/Berlin",
    });
    expect(await detailOf({ at: "2026-10-25T02:30", tz: "Europe/Berlin" })).toMatchObject({
      status: 422,
      detail:
        "at: 2026-10-25T02:30:00 happens twice in Europe/Berlin; use 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00",
    });
    expect(await detailOf({ at: "2026-03-29T02:30", tz: "Europe/Berlin" })).toMatchObject({
      status: 422,
      detail:
        "at: 2026-03-29T02:30:00 does not exist in Europe/Berlin; use 2026-03-29T01:30:00+01:00 or 2026-03-29T03:30:00+02:00",
    });
    expect(await detailOf({ at: "2026-10-21", tz: "Berlin" })).toMatchObject({
      status: 422,
      detail: "tz: must be an IANA time zone, like Europe/Berlin",
    });
    expect(await detailOf({ at: "-900000w" })).toMatchObject({
      status: 422,
      detail: "at: -900000w is before 1970",
    });
  });

  it("is now where none is asked about", async () => {
    const { at, knownAt } = Momentous.parse(await asked({}));
    expect(at).toMatch(/^2026-11-22T10:00:00/);
    expect(knownAt).toMatch(/^2026-11-22T10:00:00/);
  });

  it.each([
    "2026-02-30",
    "2026-10-21T12:00:00",
    "2026-10-21T12:00Z",
    "2026-10-21 12:00:00Z",
    "2026-10-21T25:00:00Z",
    "21.10.2026",
    "01/02/2026",
    "7d",
    "last friday",
    "1792584000",
    "+12026-10-21",
  ])("is not %j", async (at) => {
    expect(await asked({ at })).toMatchObject({ status: 422, detail: expect.stringContaining("at") });
    expect(await asked({ knownAt: at })).toMatchObject({
      status: 422,
      detail: expect.stringContaining("knownAt"),
    });
  });
});

describe("what was known", () => {
  it("is not answered for the future, which nobody knows", async () => {
    for (const knownAt of ["2026-11-22T10:00:01Z", "2026-11-23", "2030-01-01"]) {
      expect(await asked({ knownAt })).toMatchObject({
        status: 422,
        detail: expect.stringContaining("future"),
      });
    }
  });

  it("is what is known by now where today's date is given", async () => {
    const { knownAt, settled } = Momentous.parse(await asked({ knownAt: "2026-11-22" }));
    expect(knownAt).toMatch(/^2026-11-22T10:00:00/);
    expect(settled).toBe(false);
  });

  it("is nothing before the first fact was recorded", async () => {
    expect(await asked({ knownAt: "2026-11-21" })).toMatchObject({ status: 404 });
  });

  it("counts to the millisecond in which a fact was recorded", async () => {
    const { client } = givenDoors();
    const { json } = await client().say(deployed("1"));
    const { outcomes } = z
      .looseObject({ outcomes: z.array(z.looseObject({ recordedAt: z.string() })) })
      .parse(json);
    const recordedAt = outcomes[0]?.recordedAt ?? "";
    expect(recordedAt).toEqual(SOON);
    const before = new Date(Date.parse(recordedAt) - 1).toISOString();
    const then = await client().get("/v1/release", { ...PLACE, knownAt: recordedAt });
    expect(then.json).toMatchObject({ status: "running" });
    const earlier = await client().get("/v1/release", { ...PLACE, knownAt: before });
    expect(earlier.json).not.toMatchObject({ status: "running" });
  });

  it("is settled once the settle time is over, and only then", async () => {
    expect(await asked({ knownAt: "2026-11-22T09:59:58.000Z" })).toMatchObject({ settled: true });
    expect(await asked({ knownAt: "2026-11-22T09:59:59.900Z" })).toMatchObject({ settled: false });
    expect(await asked({})).toMatchObject({ settled: false });
  });
});

describe("a stretch of time", () => {
  const Entries = z.looseObject({ entries: z.array(z.looseObject({ at: z.string(), what: z.string() })) });
  const days = (json: unknown) =>
    Entries.parse(json)
      .entries.filter(({ what }) => what === "deployed")
      .map(({ at }) => at.slice(8, 10));

  it("begins with the start of its first day and ends with the end of its last", async () => {
    const { client } = await given();
    const whole = await client().get("/v1/timeline", { ...OCTOBER, from: "2026-10-20", to: "2026-10-21" });
    expect(whole.json).toMatchObject({ from: "2026-10-20T00:00:00.000Z", to: "2026-10-21T23:59:59.999Z" });
    expect(days(whole.json)).toEqual(["20", "21"]);
    const cut = { from: "2026-10-20T12:00:00.001Z", to: "2026-10-22T11:59:59Z" };
    expect(days((await client().get("/v1/timeline", { ...OCTOBER, ...cut })).json)).toEqual(["21"]);
  });

  it("ends now where no end is given", async () => {
    const { client } = await given();
    const { json } = await client().get("/v1/timeline", OCTOBER);
    expect(days(json)).toEqual(["20", "21", "22"]);
    expect(json).toMatchObject({ to: expect.stringMatching(/^2026-11-22T10:00:00/) });
  });

  it("is compared from the state just before it to the one at its end", async () => {
    const { client } = await given();
    const compared = async (span: object) =>
      (await client().get("/v1/diff", { environment: "production", ...span })).json;
    // The deployment of the 21st is a change of the 21st.
    expect(await compared({ from: "2026-10-21", to: "2026-10-21" })).toMatchObject({
      from: { at: "2026-10-20T23:59:59.999Z" },
      to: { at: "2026-10-21T23:59:59.999Z" },
      services: [{ components: [{ from: { digest: digestOf("20") }, to: { digest: digestOf("21") } }] }],
    });
    expect(await compared({ from: "2026-10-21T12:00:00Z", to: "2026-10-21T12:00:00Z" })).toMatchObject({
      from: { at: "2026-10-21T11:59:59.999Z" },
      services: [{ components: [{ from: { digest: digestOf("20") }, to: { digest: digestOf("21") } }] }],
    });
    expect(await compared({ from: "2026-10-22", to: "2026-10-20" })).toMatchObject({ status: 422 });
  });

  it("may be asked of at a moment, between two environments", async () => {
    const { client } = await given();
    await client().say(deployed("s", NOW, { environment: "staging" }));
    const { json } = await client().get("/v1/diff", {
      environment: "production",
      with: "staging",
      at: "2026-11-22",
    });
    expect(json).toMatchObject({ from: { environment: "production" }, to: { environment: "staging" } });
  });
});
