/** The endpoints that answer questions. Each parses, calls and answers. */
import { type Context, Hono } from "hono";
import { compress } from "hono/compress";
import type { Sources } from "../../../schemas/answer.ts";
import type { StoredFact } from "../../../schemas/answers/stored-fact.ts";
import type { Whoami } from "../../../schemas/answers/whoami.ts";
import {
  ArtifactQuestion,
  ChangesQuestion,
  CommitQuestion,
  DeliveryQuestion,
  DiffQuestion,
  DriftQuestion,
  EnvironmentsQuestion,
  FactQuestion,
  FreezesQuestion,
  HistoryQuestion,
  NeededQuestion,
  RedeploymentQuestion,
  RedeploymentsQuestion,
  ReleaseQuestion,
  RepositoriesQuestion,
  ServicesQuestion,
  SnapshotQuestion,
  SourcesQuestion,
  TagQuestion,
  TimelineQuestion,
} from "../../../schemas/questions/question.ts";
import { PUBLIC_FORGES } from "../../../schemas/settings/hosts.ts";
import { justBefore } from "../../ledger/as-of.ts";
import { type Holder, rightsOf } from "../../ledger/authority/authority.ts";
import { isBound } from "../../ledger/authority/grants.ts";
import { endingSoon } from "../../ledger/authority/token-lines.ts";
import { canonicalFact, leafHash } from "../../ledger/canonical.ts";
import { revealed } from "../../ledger/people/people.ts";
import { proposedHosts } from "../../plan/hosts.ts";
import { changes } from "../../queries/changes/changes.ts";
import { diff } from "../../queries/diff.ts";
import { environments } from "../../queries/environments.ts";
import { freezes } from "../../queries/gate/frozen-places.ts";
import { history } from "../../queries/history.ts";
import { artifact, commit, tag } from "../../queries/images/artifact.ts";
import { names } from "../../queries/names.ts";
import { releaseWithFacts } from "../../queries/release/release.ts";
import { repositories } from "../../queries/repositories.ts";
import { services } from "../../queries/services.ts";
import { snapshot } from "../../queries/snapshot.ts";
import { sources } from "../../queries/sources.ts";
import { timeline } from "../../queries/timeline/timeline.ts";
import { comparedPersons, type Ledger } from "../context.ts";
import { sealedFacts } from "../export/sealed-facts.ts";
import { byPresentNames, present } from "../present-names.ts";
import { EndpointError } from "../problem.ts";
import {
  askedBy,
  found,
  foundAt,
  holder,
  isRestricted,
  knownAtOf,
  knownEnvironment,
  knownPlace,
  knownRepository,
  moment,
  query,
  stretch,
} from "../request.ts";
import { revealing } from "../reveal.ts";
import { instantOf } from "../times.ts";
import { ofExtent, sideBySide } from "./group.ts";

/** Questions whose answers may have megabytes, which compress to a tenth. */
const LARGE = ["/v1/history", "/v1/timeline", "/v1/snapshot", "/v1/delivery"];
/** No problems: the id of the request is put into them afterwards. */
const COMPRESSED = /^(application\/json|text\/csv)\b/;

/** Everything in the span is read. */
const DELIVERY_MAX_MS = 366 * 86_400_000;

type Question = (ledger: Ledger, c: Context, who: Holder) => Promise<object>;

/** The summary of the quarantine. A bound token gets none: it may be about what it may not see. */
async function quarantineShown(ledger: Ledger, who: Holder): Promise<Sources["keptAside"]> {
  if (!isRestricted(who)) return ledger.quarantine.list();
  return { where: "GET /v1/quarantine", count: null, newest: [] };
}

const questions: Record<string, Question> = {
  "/v1/release": async (ledger, c) => {
    const { environment, service, sealed, ...asked } = query(c, ReleaseQuestion);
    const when = await moment(ledger, asked);
    const lookup = sealed === true ? sealedFacts(ledger) : undefined;
    return byPresentNames(when, { environment, service }, async (place) => {
      const found = await foundAt(when, place, await releaseWithFacts(when, place));
      return { ...found.release, ...(await lookup?.(found.facts)) };
    });
  },

  "/v1/fact": async (ledger, c) => {
    const identity = query(c, FactQuestion);
    const lookup = sealedFacts(ledger);
    // By present names it is decided who may see it; the bytes are those that were recorded.
    const { store } = await knownAtOf(ledger, {});
    const [seen] = await store.get([identity]);
    const shown = found(seen, `fact ${identity.id} of ${identity.source}`);
    const [fact = shown] = await (ledger.bound?.store ?? ledger.store).get([identity]);
    const { sealed } = (await lookup?.([fact])) ?? {};
    const state = sealed && { size: sealed.size, index: sealed.facts[0]?.index ?? null };
    return {
      fact: { ...fact },
      leafHash: leafHash(canonicalFact(fact)),
      ...(state === undefined ? {} : { sealed: state }),
    } satisfies StoredFact;
  },

  "/v1/snapshot": async (ledger, c) => {
    const { environment, group, limit, cursor, ...asked } = query(c, SnapshotQuestion);
    const when = await moment(ledger, asked);
    return ofExtent(when, { environment, group }, (extent) => snapshot(when, extent, { limit, cursor }));
  },

  "/v1/drift": async (ledger, c) => {
    const { environment, group, limit, cursor, ...asked } = query(c, DriftQuestion);
    const when = await moment(ledger, asked);
    const { drift } = await import("../../queries/drift.ts");
    return ofExtent(when, { environment, group }, (extent) => drift(when, extent, { limit, cursor }));
  },

  "/v1/history": async (ledger, c) => {
    const { environment, group, limit, cursor, ...asked } = query(c, HistoryQuestion);
    const known = await knownAtOf(ledger, asked);
    const span = await stretch(known.now, asked);
    return ofExtent(known, { environment, group }, (extent) =>
      history(known, { ...extent, ...span }, { limit, cursor }),
    );
  },

  "/v1/services": async (ledger, c) => {
    const { environment, limit, cursor, ...asked } = query(c, ServicesQuestion);
    const when = await moment(ledger, asked);
    if (environment === undefined) return found(await services(when, {}, { limit, cursor }), "any service");
    return byPresentNames(when, { environment }, async (extent) =>
      foundAt(when, extent, await services(when, extent, { limit, cursor })),
    );
  },

  "/v1/repositories": async (ledger, c, who) => {
    // The list does not say whose facts named a repository, so it cannot be limited to what a token may see.
    if (isBound(who))
      throw new EndpointError(
        "forbidden",
        `The token ${who.name} is restricted to a part of the ledger, but the list of repositories is about all of it. Ask /v1/repositories/needed, or use an unrestricted token.`,
      );
    const { limit, cursor, ...asked } = query(c, RepositoriesQuestion);
    return repositories(await moment(ledger, asked), { limit, cursor });
  },

  "/v1/repositories/needed": async (ledger, c, who) => {
    const { repository, since, limit, cursor, ...asked } = query(c, NeededQuestion);
    const when = await moment(ledger, asked);
    const from =
      since === undefined
        ? undefined
        : await instantOf("since", since, { edge: "start", now: when.now, tz: asked.tz });
    const { neededImages } = await import("../../plan/target/needed-images.ts");
    // A clean-up by an answer without images would delete all. Bound tokens are not told which names there are.
    if (!isBound(who)) await knownRepository(when, repository);
    return neededImages(when, { repository, since: from }, { limit, cursor });
  },

  "/v1/environments": async (ledger, c) => {
    const { limit, cursor, ...asked } = query(c, EnvironmentsQuestion);
    return environments(await moment(ledger, asked), { limit, cursor });
  },

  "/v1/timeline": async (ledger, c) => {
    const { environment, group, service, limit, cursor, format, ...asked } = query(c, TimelineQuestion);
    const known = await knownAtOf(ledger, asked);
    const span = await stretch(known.now, asked);
    const answer = await sideBySide(known, { environment, group, service }, (one, named) =>
      timeline(known, { environment: one, service: named, ...span }, { limit, cursor }),
    );
    if (format === "json" || "group" in answer) return answer;
    // Loaded lazily, as every format that is not JSON.
    const { timelineTable } = await import("./timeline-table.ts");
    return timelineTable(await revealed(ledger.people, JSON.stringify(answer)), c.req.url);
  },

  "/v1/changes": async (ledger, c) => {
    const { environment, group, service, before: end, window, ...asked } = query(c, ChangesQuestion);
    const known = await knownAtOf(ledger, asked);
    const { now } = known;
    const before =
      end === undefined
        ? now.toISOString()
        : await instantOf("before", end, { edge: "end", now, tz: asked.tz });
    const from = new Date(Date.parse(before) - window).toISOString();
    return sideBySide(known, { environment, group, service }, (one, named) =>
      changes({ ...known, at: before }, { environment: one, service: named, from, before }),
    );
  },

  "/v1/delivery": async (ledger, c) => {
    const { environment, group, service, ...asked } = query(c, DeliveryQuestion);
    const known = await knownAtOf(ledger, asked);
    const span = await stretch(known.now, asked);
    if (Date.parse(span.to) - Date.parse(span.from) > DELIVERY_MAX_MS)
      throw new EndpointError("rejected", "from: must be at most 366 days before `to`");
    const { delivery } = await import("../../queries/delivery/delivery.ts");
    return sideBySide(known, { environment, group, service }, (one) =>
      delivery(known, { environment: one, service, ...span }),
    );
  },

  "/v1/diff": async (ledger, c) => {
    const { environment, group, with: other, limit, cursor, from, to, ...asked } = query(c, DiffQuestion);
    const when = await moment(ledger, asked);
    const span = from === undefined ? undefined : await stretch(when.now, { from, to, tz: asked.tz });
    return sideBySide(when, { environment, group }, async (one) => {
      const { environment: against = one } =
        other === undefined ? {} : await present(when, { environment: other });
      const sides =
        span === undefined
          ? { environment: one, with: against, at: when.at }
          : { environment: one, from: justBefore(span.from), to: span.to };
      const answer = await diff({ ...when, at: span?.to ?? when.at }, sides, { limit, cursor });
      if (answer === undefined) await knownEnvironment(when, against);
      return answer;
    });
  },

  "/v1/artifact": async (ledger, c) => {
    const { digest, ...asked } = query(c, ArtifactQuestion);
    return found(await artifact(await moment(ledger, asked), { digest }), `digest ${digest}`);
  },

  "/v1/commit": async (ledger, c) => {
    const { sha, ...asked } = query(c, CommitQuestion);
    return found(
      await commit(await moment(ledger, asked), comparedPersons(ledger), { sha }),
      `commit ${sha}`,
    );
  },

  "/v1/tag": async (ledger, c, who) => {
    const { repository, tag: name, ...asked } = query(c, TagQuestion);
    const when = await moment(ledger, asked);
    const answer = await tag(when, { repository, tag: name });
    if (answer === undefined && !isBound(who)) await knownRepository(when, repository);
    return found(answer, `tag ${repository}:${name}`);
  },

  // Loaded lazily: most questions are about what ran.
  "/v1/plan": async (ledger, c) => (await import("./plan.ts")).planAnswer(ledger, c),

  "/v1/redeployments": async (ledger, c) => {
    const { environment, service, limit, cursor, ...asked } = query(c, RedeploymentsQuestion);
    const { redeployments } = await import("../../plan/redeployment/list.ts");
    const when = await moment(ledger, asked);
    return byPresentNames(when, { environment, service }, async (place) => {
      const answer = await redeployments(when, place, { limit, cursor });
      if (answer.redeployments.length === 0) await knownPlace(when, place);
      return answer;
    });
  },

  "/v1/freezes": async (ledger, c) => {
    const { environment, limit, cursor, ...asked } = query(c, FreezesQuestion);
    const when = await moment(ledger, asked);
    return byPresentNames(when, { environment }, async (place) => {
      const answer = await freezes(when, place, { limit, cursor });
      if (answer.freezes.length === 0) await knownPlace(when, place);
      return answer;
    });
  },

  "/v1/redeployments/:id": async (ledger, c) => {
    const { redeployment } = await import("../../plan/redeployment/status.ts");
    const id = c.req.param("id") ?? "";
    const { withUndoing } = await import("../../plan/redeployment/undone-redeployment.ts");
    const when = await moment(ledger, query(c, RedeploymentQuestion));
    return withUndoing(when, found(await redeployment(when, id), `redeployment ${id}`));
  },

  "/v1/names": async (ledger, c) => {
    const { limit, cursor, ...asked } = query(c, SourcesQuestion);
    const { at, knownAt, store } = await moment(ledger, asked);
    return names({ store, knownAt: at < knownAt ? at : knownAt }, { limit, cursor });
  },

  "/v1/sources": async (ledger, c, who) => {
    const { limit, cursor, ...asked } = query(c, SourcesQuestion);
    const { at, knownAt, store } = await moment(ledger, asked);
    const known = { store, knownAt: at < knownAt ? at : knownAt };
    const quarantined = await quarantineShown(ledger, who);
    const answer = await sources(
      known,
      { limit, cursor },
      quarantined,
      ledger.ignored === undefined || isRestricted(who) ? null : Object.fromEntries(ledger.ignored),
      ledger.silentAfter,
    );
    const tokensEnding = isBound(who) ? [] : endingSoon((await ledger.secrets()).tokens, ledger.now());
    const proposed = proposedHosts(
      answer.sources.map(({ source }) => source),
      ledger.hosts,
    );
    return {
      ...answer,
      ...(tokensEnding.length === 0 ? {} : { tokensEnding }),
      ...(proposed === undefined ? {} : { proposedHosts: proposed }),
    };
  },
};

/** Answers the question of a path. */
export async function answerQuestion(ledger: Ledger, path: string, c: Context): Promise<Response> {
  const question = questions[path];
  if (question === undefined) return c.notFound();
  const who = await holder(ledger, c, "ask");
  const answer = await question(askedBy(ledger, who), c, who);
  return answer instanceof Response ? answer : c.json(answer);
}

export function queryEndpoints(ledger: Ledger): Hono {
  const app = new Hono();
  // Before what reads answers as text. Others are small.
  for (const path of LARGE) app.use(path, compress({ contentTypeFilter: COMPRESSED }));
  app.use("/v1/*", revealing(ledger));
  for (const path of Object.keys(questions)) app.get(path, (c) => answerQuestion(ledger, path, c));
  app.get("/v1/gate", async (c) => c.json(await (await import("./gate.ts")).gateAnswer(ledger, c)));
  app.get("/v1/whoami", async (c) => {
    const { name, role } = await holder(ledger, c, "ask", "write", "execute");
    const forges = [...(ledger.hosts?.forges ?? PUBLIC_FORGES)];
    return c.json({ name, role, may: [...rightsOf({ role })], forges } satisfies Whoami);
  });
  const quarantine = () => import("../operations/quarantine.ts");
  app.get("/v1/quarantine", async (c) => c.json(await (await quarantine()).quarantinePage(ledger, c)));
  app.get("/v1/quarantine/:key", async (c) => c.json(await (await quarantine()).quarantineItem(ledger, c)));
  // Loaded lazily: other requests should not wait for the description.
  app.get("/openapi.json", async (c) => c.json((await import("../openapi/document.ts")).document()));
  app.get("/healthz", (c) =>
    c.json({
      status: "ok",
      ...(ledger.sealingState === undefined ? {} : { sealing: ledger.sealingState() }),
    }),
  );
  return app;
}
