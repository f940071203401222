import { describe, expect, it } from "vitest";
import { MAX_EVENTS } from "../../functions/sources/payload.ts";
import { readEvents, toStatement } from "../../functions/sources/standards/cloudevents.ts";

const deliver = (contentType: string | undefined, body: string, headers: Record<string, string> = {}) => ({
  headers: new Headers({ ...headers, ...(contentType === undefined ? {} : { "content-type": contentType }) }),
  body,
});

const data = { environment: "production", database: "billing", version: "1" };
const event = {
  specversion: "1.0",
  type: "dev.asof.migration.applied.v1",
  source: "/acme/billing/ci",
  id: "run-77/1",
  time: "2026-03-05T09:12:11Z",
  data,
};
const inHeaders = {
  "ce-specversion": "1.0",
  "ce-type": event.type,
  "ce-source": event.source,
  "ce-id": event.id,
  "ce-time": event.time,
};
const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;

describe("a delivery of CloudEvents", () => {
  it("is one event in structured form", () => {
    const type = "Application/CloudEvents+JSON; charset=utf-8";
    expect(readEvents(deliver(type, JSON.stringify(event)))).toEqual({ is: "one", events: [event] });
  });

  it("is any number of events in a batch, in their order, or none", () => {
    const type = "application/cloudevents-batch+json";
    const events = [event, { ...event, id: "2" }, "no event"];
    expect(readEvents(deliver(type, JSON.stringify(events)))).toEqual({ is: "batch", events });
    expect(readEvents(deliver(type, "[]"))).toEqual({ is: "batch", events: [] });
  });

  it("says the same in binary form as in structured form", () => {
    const reading = readEvents(deliver("application/json", JSON.stringify(data), inHeaders));
    if (reading.is === "unreadable") throw new Error(reading.reason);
    const [first] = reading.events.map(toStatement);
    expect(first).toMatchObject({ is: "statement" });
    expect(first?.is === "statement" && first.statement).toEqual(statementOf(event));
  });

  it("has its attributes percent-decoded and unquoted in binary form", () => {
    const headers = { ...inHeaders, "ce-id": "l%C3%A4uft%20%22a%22", "ce-subject": '"a \\"b\\""' };
    expect(readEvents(deliver("application/json", "{}", headers))).toMatchObject({
      is: "one",
      events: [{ id: 'läuft "a"', subject: 'a "b"', data: {} }],
    });
  });

  it("may have no data in binary form, or data that is no JSON", () => {
    expect(readEvents(deliver(undefined, "", inHeaders))).toMatchObject({
      is: "one",
      events: [{ id: event.id }],
    });
    const xml = readEvents(deliver("application/xml", "<a/>", inHeaders));
    expect(xml).toMatchObject({ events: [{ data: "<a/>", datacontenttype: "application/xml" }] });
  });

  it.each([
    ["unsupported", "another type", deliver("application/json", JSON.stringify(event))],
    ["unsupported", "no type", deliver(undefined, JSON.stringify(event))],
    ["unsupported", "a form", deliver("application/x-www-form-urlencoded", "a=b")],
    ["unsupported", "another event format", deliver("application/cloudevents+xml", "<a/>", inHeaders)],
    ["malformed", "no JSON", deliver("application/cloudevents+json", "{")],
    ["malformed", "an empty body", deliver("application/cloudevents+json", "")],
    ["malformed", "no JSON in a batch", deliver("application/cloudevents-batch+json", "[")],
    ["malformed", "a batch that is no array", deliver("application/cloudevents-batch+json", "{}")],
    ["malformed", "no JSON as data", deliver("application/json", "{", inHeaders)],
    [
      "malformed",
      "a header that is not percent-encoded",
      deliver(undefined, "", { ...inHeaders, "ce-id": "%zz" }),
    ],
    ["malformed", "33 levels", deliver("application/cloudevents+json", nested(33))],
    ["malformed", "a million levels", deliver("application/cloudevents+json", nested(1e6))],
    [
      "too many",
      "501 events",
      deliver("application/cloudevents-batch+json", JSON.stringify(Array(501).fill(1))),
    ],
  ])("is unreadable, %s, where it has %s", (why, _, delivery) => {
    expect(readEvents(delivery)).toMatchObject({ is: "unreadable", why, reason: expect.any(String) });
  });

  it("may be as deep and as long as the limits allow", () => {
    expect(readEvents(deliver("application/cloudevents+json", nested(32)))).toMatchObject({ is: "one" });
    const batch = JSON.stringify(Array(MAX_EVENTS).fill(1));
    expect(readEvents(deliver("application/cloudevents-batch+json", batch))).toMatchObject({ is: "batch" });
  });

  it("names the limit that it breaks", () => {
    const batch = JSON.stringify(Array(MAX_EVENTS + 1).fill(1));
    expect(readEvents(deliver("application/cloudevents-batch+json", batch))).toMatchObject({
      reason: "a batch holds at most 500 events; this one has 501",
    });
  });
});

const statementOf = (given: unknown): unknown => {
  const mapped = toStatement(given);
  return mapped.is === "statement" ? mapped.statement : mapped;
};

describe("an event of our own", () => {
  it("is the fact's own fields, with the event's source, id and time", () => {
    const { source, id, time } = event;
    expect(statementOf(event)).toEqual({ ...data, kind: "migration.applied", source, id, occurredAt: time });
  });

  it.each([
    "kind",
    "source",
    "id",
    "occurredAt",
    "timeFrom",
    "v",
    "recordedAt",
    "reportedBy",
    "statementHash",
    "rawHash",
  ])("must not say %s in its data", (field) => {
    const mapped = toStatement({ ...event, data: { ...data, [field]: "x" } });
    expect(mapped).toMatchObject({ is: "rejected", reason: expect.stringContaining(`data.${field}: `) });
  });

  it.each([
    ["time", { time: undefined }],
    ["data", { data: undefined }],
    ["data", { data: [data] }],
    ["data_base64", { data_base64: "e30=" }],
    ["data_base64", { data: undefined, data_base64: "no base64!" }],
    ["data_base64", { data: undefined, data_base64: btoa(nested(33)) }],
    ["datacontenttype", { data: undefined, data_base64: "e30=", datacontenttype: "application/xml" }],
    ["type", { type: "dev.asof.migration.applied.v2" }],
    ["type", { type: "dev.asof.__proto__.v1" }],
    ["specversion", { specversion: "1.1" }],
    ["id", { id: "" }],
  ])("is rejected for its %s where that is %j", (field, change) => {
    expect(toStatement({ ...event, ...change })).toMatchObject({
      is: "rejected",
      reason: expect.stringMatching(new RegExp(`^${field}: `)),
    });
  });

  it.each([
    "release.marked",
    "environment.frozen",
    "export.made",
    "policy.changed",
    "token.changed",
    "person.erased",
    "fact.retracted",
    "statement.disputed",
  ])("may never say %s, which only people say here", (kind) => {
    expect(toStatement({ ...event, type: `dev.asof.${kind}.v1` })).toMatchObject({
      is: "rejected",
      forbidden: true,
    });
  });

  it.each(["/webhooks/github/github.com/acme/billing", "/asof/checkpoint"])(
    "may never speak as %s, which is a door's",
    (source) => {
      expect(toStatement({ ...event, source })).toMatchObject({ is: "rejected", forbidden: true });
    },
  );

  it("says that a build is declared, also where it does not say so itself", () => {
    const type = "dev.asof.artifact.built.v1";
    expect(statementOf({ ...event, type, data: {} })).toMatchObject({ evidence: "declared" });
    expect(statementOf({ ...event, type, data: { evidence: "declared" } })).toMatchObject({
      evidence: "declared",
    });
    expect(toStatement({ ...event, type, data: { evidence: "oidc" } })).toMatchObject({ is: "rejected" });
    expect(toStatement({ ...event, type, data: { verified: false } })).toMatchObject({ is: "rejected" });
  });
});

describe("a CDEvent", () => {
  const type = "dev.cdevents.service.deployed.0.3.0";
  const digest = "sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427";
  const cdEvent = (context: object = {}, content: object = {}) => ({
    context: {
      specversion: "0.5.1",
      id: "own-id",
      source: "/own/source",
      type,
      timestamp: "2026-03-05T09:12:11.315384Z",
      ...context,
    },
    subject: {
      id: "billing",
      content: { environment: { id: "production" }, artifactId: `pkg:oci/billing@${digest}`, ...content },
    },
  });
  const around = (inner: unknown, outer: object = {}) => ({
    specversion: "1.0",
    type,
    source: "/other/source",
    id: "other-id",
    data: inner,
    ...outer,
  });

  it("goes by its own source and id, not by those of the CloudEvent around it", () => {
    expect(statementOf(around(cdEvent()))).toMatchObject({ source: "/own/source", id: "own-id" });
  });

  it("is read in Base64, too", () => {
    const outer = { data: undefined, data_base64: btoa(JSON.stringify(cdEvent())) };
    expect(statementOf(around(undefined, outer))).toMatchObject({
      components: [{ component: "main", digest }],
    });
  });

  it("names a long source by its hash where it names the deployer", () => {
    const source = `/${"x".repeat(300)}`;
    expect(statementOf(around(cdEvent({ source })))).toMatchObject({
      source,
      deployment: { instance: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  it("may never speak as a door", () => {
    const mapped = toStatement(around(cdEvent({ source: "/webhooks/aws/ecs/1/eu" })));
    expect(mapped).toMatchObject({ is: "rejected", forbidden: true });
  });

  it.each([
    ["data.context.type", around(cdEvent({ type: "dev.cdevents.service.removed.0.3.0" }))],
    ["data.context.type", around(cdEvent(), { type: "dev.cdevents.service.removed.0.3.0" })],
    ["type", around(cdEvent({ type: "dev.cdevents.service" }), { type: "dev.cdevents.service" })],
    ["data", around(undefined)],
    ["data: subject", around({ ...cdEvent(), subject: "billing" })],
    ["data: context.timestamp", around(cdEvent({ timestamp: 7 }))],
    ["content.artifactId", around(cdEvent({}, { artifactId: "billing:1.4.2" }))],
    ["content.artifactId", around(cdEvent({}, { artifactId: "pkg:oci/ns/billing@1" }))],
  ])("is rejected for its %s", (field, given) => {
    expect(toStatement(given)).toMatchObject({
      is: "rejected",
      reason: expect.stringMatching(new RegExp(`^${field}: `)),
    });
  });

  it.each([
    ["pkg:docker/ghcr.io/acme/billing@1.4.2", { repository: "ghcr.io/acme/billing", tag: "1.4.2" }],
    ["pkg:docker/acme/billing@1.4.2", { repository: "docker.io/acme/billing", tag: "1.4.2" }],
    ["pkg:docker/cassandra@latest", { repository: "docker.io/library/cassandra", tag: "latest" }],
    [
      `pkg:docker/acme/billing@${digest}?repository_url=ghcr.io`,
      { repository: "ghcr.io/acme/billing", digest },
    ],
    [
      `pkg:oci/billing@${digest}?repository_url=https://ghcr.io/acme/billing/&tag=1`,
      { repository: "ghcr.io/acme/billing", digest, tag: "1" },
    ],
    [`pkg:oci/Billing@${encodeURIComponent(digest)}`, { digest }],
  ])("names the image of %s", (artifactId, image) => {
    expect(statementOf(around(cdEvent({}, { artifactId })))).toMatchObject({
      components: [{ component: "main", ...image }],
    });
  });
});
