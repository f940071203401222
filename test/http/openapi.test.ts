import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { KINDS, OWN_KINDS } from "../../schemas/fact.ts";
import { clientOf, outcomesOf } from "../client.ts";
import { cleanUp, givenDoors, tokenOf } from "./given.ts";

afterAll(cleanUp);

const Operation = z.looseObject({
  operationId: z.string(),
  summary: z.string(),
  security: z.array(z.looseObject({})).optional(),
  responses: z.record(z.string(), z.looseObject({ description: z.string() })),
});
const Document = z.looseObject({
  openapi: z.string(),
  security: z.array(z.looseObject({})),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
});

const described = async () => Document.parse((await givenDoors().stranger().get("/openapi.json")).json);

/** An address as it is sent, for one that is described with its variable parts. */
const filled = (path: string): string => path.replace("{vendor}", "github").replace("{secret}", "none");

const operations = ({ paths }: z.infer<typeof Document>) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

describe("the description of the doors", () => {
  it("is OpenAPI 3.1, open to all", async () => {
    const answer = await givenDoors().stranger().get("/openapi.json");
    expect(answer.status).toBe(200);
    expect(Document.parse(answer.json).openapi).toMatch(/^3\.1\.\d+$/);
  });

  it("describes every door there is, and none that there is not", async () => {
    const { app } = givenDoors();
    const doors = app.routes
      // What stands before all of them is none.
      .filter(({ method, path }) => method !== "ALL" && path !== "/*")
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)(\{\.\+\})?/g, "{$1}")}`);
    const told = operations(await described()).map(({ path, method }) => `${method} ${path}`);
    expect(told.sort()).toEqual([...new Set(doors)].sort());
  });

  it("names each operation once", async () => {
    const names = operations(await described()).map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  it("refers to nothing that it does not hold", async () => {
    const document = await described();
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path = ""]) => path,
    );
    expect(references.length).toBeGreaterThan(0);
    for (const path of new Set(references)) {
      const found = path
        .split("/")
        .reduce<unknown>(
          (at, key) =>
            typeof at === "object" && at !== null ? new Map(Object.entries(at)).get(key) : undefined,
          document,
        );
      expect([path, found]).toEqual([path, expect.anything()]);
    }
  });

  it("says of each door whether a token is asked for", async () => {
    const document = await described();
    const { app } = givenDoors();
    for (const { path, method, operation } of operations(document)) {
      const asksForToken = (operation.security ?? document.security).length > 0;
      const init = { method: method.toUpperCase(), ...(method === "post" ? { body: "{}" } : {}) };
      const { status } = await clientOf(async (to, more) => app.request(to, more)).send(filled(path), init);
      // A webhook without a token's scheme is proved by what its vendor sends; that is asked for all the same.
      const isProved = path.startsWith("/v1/webhooks/") && method === "post";
      expect([path, status === 401]).toEqual([path, asksForToken || isProved]);
    }
  });

  it("describes every status with which a door answers", async () => {
    const document = await described();
    const { app, setFault } = givenDoors();
    const client = clientOf(async (path, init) => app.request(path, init), tokenOf("admin"));
    for (const fault of ["none", "throttled"] as const) {
      setFault(() => fault);
      for (const { path, method, operation } of operations(document)) {
        for (const body of ["{}", "{", " ".repeat(1024 * 1024 + 1)]) {
          const init = { method: method.toUpperCase(), ...(method === "post" ? { body } : {}) };
          const { status } = await client.send(filled(path), init);
          expect(Object.keys(operation.responses), `${method} ${path}`).toContain(String(status));
        }
      }
    }
  });

  it("allows in a problem what a problem holds", async () => {
    const Problem = z.looseObject({ additionalProperties: z.unknown() });
    const Components = z.looseObject({
      components: z.looseObject({ schemas: z.looseObject({ Problem }) }),
    });
    const { components } = Components.parse(await described());
    // A refused event's problem carries its outcomes beside the members of RFC 9457.
    expect(components.schemas.Problem.additionalProperties).not.toBe(false);
  });

  it("shows an example of each kind of event, which the ledger takes", async () => {
    const Body = z.looseObject({
      content: z.looseObject({
        "application/cloudevents+json": z.looseObject({
          examples: z.record(z.string(), z.object({ value: z.looseObject({}) })),
        }),
      }),
    });
    const document = await described();
    const { requestBody } = z
      .looseObject({ requestBody: Body })
      .parse(document.paths["/v1/events"]?.post ?? {});
    const examples = Object.values(requestBody.content["application/cloudevents+json"].examples);
    expect(examples).toHaveLength(KINDS.length - OWN_KINDS.size);
    const { client, setNow } = givenDoors();
    setNow("2027-02-01T00:00:00.000Z");
    expect(outcomesOf(await client().sayAll(examples.map(({ value }) => value)))).toEqual(
      examples.map(() => "recorded"),
    );
  });
});
