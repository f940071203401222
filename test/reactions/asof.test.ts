import { afterAll, expect, it } from "vitest";
import { asofOver, Unknown } from "../../functions/reactions/ledger-client.ts";
import { cleanUp, givenDoors, tokenOf } from "../http/given.ts";

afterAll(cleanUp);

it("tells what the ledger does not know from what it does not tell", async () => {
  const { app } = givenDoors();
  const asked = (token: string) =>
    asofOver(async (path, init) => app.request(path, init), token)
      .redeployment("0123456789abcdef.1")
      .catch((error: unknown) => error);
  expect(await asked(tokenOf("executor"))).toBeInstanceOf(Unknown);
  const refused = await asked("nobody");
  expect(refused).not.toBeInstanceOf(Unknown);
  expect(refused).toMatchObject({ message: expect.stringContaining("the ledger answers 401") });
});
