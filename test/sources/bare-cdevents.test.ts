import { describe, expect, it } from "vitest";
import { cdevents } from "../../functions/sources/standards/cdevents-webhook.ts";
import { readEvents, toStatement } from "../../functions/sources/standards/cloudevents.ts";

const DIGEST = "71727764505d3de273c2400d40f0482fc4b490d812cec0c1567377f8c8698382";
const cdEvent = (source: string) => ({
  context: {
    specversion: "0.5.1",
    id: "271069a8-fc18-44f1-b38f-9d70a1695819",
    source,
    type: "dev.cdevents.service.deployed.0.3.0",
    timestamp: "2026-03-20T14:27:05.315384Z",
  },
  subject: {
    id: "billing",
    content: {
      environment: { id: "production" },
      artifactId: `pkg:oci/billing@sha256%3A${DIGEST}?repository_url=ghcr.io/acme/billing`,
    },
  },
});
const event = cdEvent("/deployer/eu-1");
const read = (payload: unknown, type = "application/json") =>
  readEvents({ headers: new Headers({ "content-type": type }), body: JSON.stringify(payload) });
const recorded = {
  is: "statement",
  statement: {
    kind: "deployment.succeeded",
    source: "/deployer/eu-1",
    id: event.context.id,
    environment: "production",
    service: "billing",
    components: [{ digest: `sha256:${DIGEST}`, repository: "ghcr.io/acme/billing" }],
  },
};

describe("a bare CDEvent", () => {
  it("is read as JSON, alone or in a list", () => {
    expect(read(event)).toEqual({ is: "one", events: [event] });
    expect(read([event, event])).toEqual({ is: "batch", events: [event, event] });
  });

  it("gives the same statement as inside a CloudEvent, at both endpoints", () => {
    const { id, source, type } = event.context;
    const wrapped = { specversion: "1.0", id, source, type, data: event };
    expect(toStatement(event)).toMatchObject(recorded);
    expect(toStatement(wrapped)).toMatchObject(recorded);
    const context = { headers: new Headers(), receivedAt: "2026-03-20T14:28:00Z" };
    expect(cdevents.toStatements(event, context)).toMatchObject([recorded]);
  });

  it("must not come from a source of the ledger's own", () => {
    const forged = cdEvent("/webhooks/github/github.com/acme/billing");
    const context = { headers: new Headers(), receivedAt: "2026-03-20T14:28:00Z" };
    expect(toStatement(forged)).toMatchObject({ is: "rejected", forbidden: true });
    expect(cdevents.toStatements(forged, context)).toMatchObject([{ is: "rejected", forbidden: true }]);
  });

  it("is the only thing that is accepted as plain JSON", () => {
    for (const other of [{}, [event, {}], { specversion: "1.0" }, "text", { context: { type: "other" } }])
      expect(read(other)).toMatchObject({ is: "unreadable", why: "unsupported" });
  });
});
