/** The course of a redeployment against an oracle, after any order of arrival. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REDEPLOYMENTS } from "../../functions/ledger/redeployed.ts";
import { redeployment } from "../../functions/plan/redeployment/status.ts";
import type { Statement } from "../../schemas/fact.ts";
import type { Redeployment } from "../../schemas/redeployment.ts";
import { digestOf, given, said } from "./given.ts";

const ID = "0123456789abcdef.1";
const ASKED = Date.parse("2026-10-22T10:00:00.500Z");
const DEADLINE = ASKED + 3600_000;
const WANTED = ["api 1", "web 1"];
const at = (ms: number): string => new Date(ms).toISOString();
/** `api 1`: a component and its image; `api ?`: one that is not said; `api 1 canary`: as a variant. */
const main = (name: string) => {
  const [component = "", image = "", variant] = name.split(" ");
  return {
    component,
    repository: "ghcr.io/acme/x",
    ...(image === "?" ? {} : { digest: digestOf(`${component} ${image}`) }),
    ...(variant === undefined ? {} : { variant }),
  };
};

const requested: Statement = said("redeployment.requested", at(ASKED), {
  source: REDEPLOYMENTS,
  id: ID,
  environment: "production",
  service: "acme/x",
  question: { last: "good", knownAt: at(ASKED) },
  planHash: "0".repeat(64),
  components: WANTED.map(main),
  deadline: at(DEADLINE),
  key: "1",
  reason: "it broke",
});

interface Happened {
  readonly kind: "started" | "succeeded" | "failed" | "ended";
  readonly ms: number;
  readonly environment: string;
  readonly service: string;
  readonly redeployment: string | undefined;
  readonly images: readonly string[];
  readonly outcome: "succeeded" | "failed";
}

const happened: fc.Arbitrary<Happened> = fc.record({
  kind: fc.constantFrom("started", "succeeded", "succeeded", "succeeded", "succeeded", "failed", "ended"),
  // Before, in the same second, within, and after.
  ms: fc.oneof(
    fc.integer({ min: ASKED - 90_000, max: ASKED + 60_000 }),
    fc.integer({ min: ASKED, max: DEADLINE + 600_000 }),
    fc.constantFrom(ASKED - 500, ASKED - 501, DEADLINE, DEADLINE + 1),
  ),
  environment: fc.constantFrom("production", "production", "Production", "Production", "staging"),
  service: fc.constantFrom("acme/x", "acme/x", "Acme/X", "Acme/X", "acme/y"),
  redeployment: fc.constantFrom(undefined, undefined, undefined, ID, ID, "another.1"),
  images: fc.constantFrom(
    ["api 1"],
    ["web 1"],
    ["api 1", "web 1"],
    ["api 2"],
    ["api 1", "web 2"],
    ["api ?"],
    ["api ?", "web 1"],
    ["api 1 canary", "api 2 stable"],
    ["api 1 canary", "api 2 stable", "web 1"],
    ["api 1 canary", "api 1 stable", "web 1"],
    ["side 1"],
  ),
  outcome: fc.constantFrom("succeeded", "failed"),
});

function statementOf(it: Happened): Statement {
  const { environment, service } = it;
  if (it.kind === "ended") {
    const which = it.redeployment ?? "another.2";
    return said("redeployment.ended", at(it.ms), {
      environment,
      service,
      redeployment: which,
      outcome: it.outcome,
    });
  }
  return said(`deployment.${it.kind}`, at(it.ms), {
    environment,
    service,
    deployment: { provider: "test", instance: "here", id: "1" },
    components: it.images.map(main),
    scope: "components",
    ...(it.redeployment === undefined ? {} : { redeployment: it.redeployment }),
  });
}

/** What is said of a component: all of it, some of it, none, that it is another, or that it is there. */
function says(images: readonly string[], component: string): "all" | "some" | "none" | "other" | "there" {
  const own = images.map((name) => name.split(" ")).filter(([of]) => of === component);
  const known = own.filter(([, image]) => image !== "?");
  const ones = known.filter(([, image]) => image === "1");
  if (own.length === 0) return "none";
  if (known.length === 0) return "there";
  if (ones.length === 0) return "other";
  return ones.length === own.length ? "all" : "some";
}

const COMPONENTS = ["api", "web"];

/** Whether it is about this redeployment: it says so, or brings an image that is waited for; of the same service. */
function isAbout({ kind, redeployment, service, ms, images }: Happened): boolean {
  if (kind === "ended") return redeployment === ID;
  if (service.toLowerCase() !== "acme/x") return false;
  if (redeployment !== undefined) return redeployment === ID;
  const isSince = ms >= Math.floor(ASKED / 1000) * 1000;
  return isSince && COMPONENTS.some((one) => ["all", "some"].includes(says(images, one)));
}

/** What it must come to, told from the list of what happened, in the order of its times. */
function expected(list: readonly Happened[]): Pick<Redeployment, "status" | "startedAt" | "endedAt"> {
  const about = list
    .filter(({ ms, environment }) => ms <= DEADLINE && environment.toLowerCase() === "production")
    .filter((it) => it.ms >= ASKED - 60_000 && isAbout(it))
    .sort((a, b) => a.ms - b.ms);
  const isBrought = ({ kind, images, redeployment }: Happened, component: string): boolean => {
    const said = says(images, component);
    return kind === "succeeded" && (said === "all" || (redeployment === ID && said === "there"));
  };
  const ends = (it: Happened, n: number): "succeeded" | "failed" | undefined => {
    if (it.kind === "ended") return it.outcome;
    if (it.kind === "failed") return "failed";
    if (it.kind === "started") return undefined;
    if (it.redeployment === ID && COMPONENTS.some((one) => says(it.images, one) === "other")) return "failed";
    const before = about.slice(0, n + 1);
    const isWhole = COMPONENTS.every((component) => before.some((one) => isBrought(one, component)));
    return isWhole ? "succeeded" : undefined;
  };
  const last = about.findIndex((it, n) => ends(it, n) !== undefined);
  const seen = last === -1 ? about : about.slice(0, last + 1);
  const started = seen.find(({ kind }) => kind === "started");
  const startedAt = started === undefined ? null : at(started.ms);
  const end = about[last];
  if (end === undefined) return { status: "timed out", startedAt, endedAt: at(DEADLINE) };
  return { status: ends(end, last) ?? "timed out", startedAt, endedAt: at(end.ms) };
}

describe("the course of any redeployment", () => {
  it("is what the oracle says, whatever the order in which it is told", async () => {
    await fc.assert(
      fc.asyncProperty(
        // Of two at one moment the ledger's own order decides, which an oracle need not know.
        fc.uniqueArray(happened, { selector: ({ ms }) => ms, maxLength: 8 }),
        fc.array(fc.nat()),
        async (list, keys) => {
          const statements = [requested, ...list.map(statementOf)];
          const order = statements
            .map((statement, n) => ({ statement, key: keys[n] ?? n }))
            .sort((a, b) => a.key - b.key);
          const ledger = await given(...order.map(({ statement }) => statement));
          const answer = await redeployment(ledger.at(at(DEADLINE)), ID);
          expect(answer).toMatchObject(expected(list));
        },
      ),
    );
  });
});
