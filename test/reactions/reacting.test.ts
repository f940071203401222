/** What a ledger on one machine tells its reactions. */
import { afterEach, expect, it } from "vitest";
import { temporaryDatabase } from "../../functions/adapters/sqlite/database.ts";
import { LookAgain } from "../../functions/reactions/reaction.ts";
import { reactionRunner } from "../../functions/runtime/server/reaction-runner.ts";
import { RECORDED, taken } from "../store/stores.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const log = { info: () => undefined, error: () => undefined };
const ended = (id: string) =>
  taken({
    kind: "redeployment.ended",
    source: "/asof/redeployments",
    id,
    occurredAt: RECORDED,
    environment: "production",
    service: "acme/billing",
    redeployment: "1.1",
    outcome: "failed",
  });

/** @param again how often it is to be looked at again */
function given(again = 0) {
  const database = temporaryDatabase();
  const heard: string[] = [];
  const reactions = reactionRunner(
    database,
    {
      listening: () => ({
        kinds: ["redeployment.ended"],
        react: async ({ id }) => {
          heard.push(id);
          if (heard.length <= again) throw new LookAgain(1);
        },
        giveUp: () => Promise.resolve(),
      }),
    },
    log,
  );
  ends.push(async () => {
    await reactions.stop();
    database.close();
  });
  return { heard, ...reactions };
}

it("is told once, though its sender says it again", async () => {
  const { heard, publishing, start } = given();
  await start(() => Promise.reject(new Error("nobody asks")));
  for (const id of ["a", "a", "b", "a"]) await publishing.publish?.(ended(id));
  await expect.poll(() => heard.toSorted()).toEqual(["a", "b"]);
});

it("is kept for who starts later", async () => {
  const { heard, publishing, start } = given();
  await publishing.publish?.(ended("a"));
  await start(() => Promise.reject(new Error("nobody asks")));
  await expect.poll(() => heard).toEqual(["a"]);
});

it("looks again at what it has begun, and logs no failure", async () => {
  const { heard, publishing, start } = given(2);
  await start(() => Promise.reject(new Error("nobody asks")));
  await publishing.publish?.(ended("a"));
  await expect.poll(() => heard).toEqual(["a", "a", "a"]);
});
