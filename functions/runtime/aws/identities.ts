/** The verifier of OIDC tokens on AWS. */
import type { Identities, SignIn, Verifier } from "../../ledger/authority/identities.ts";

/** Loads the library with the first token: a function that gets none starts without it. */
export function lazyVerifier(
  identities: Identities,
  now: () => Date,
  loginSecret: () => Promise<string | undefined>,
): Verifier {
  let made: Promise<Verifier> | undefined;
  const loaded = (): Promise<Verifier> => {
    made ??= import("../../adapters/oidc/verifier.ts").then(({ verifier }) =>
      verifier(identities, now, loginSecret),
    );
    return made;
  };
  const signIn = async (): Promise<SignIn> => {
    const { signIn: loadedOne } = await loaded();
    if (loadedOne === undefined) throw new Error("no login is configured");
    return loadedOne;
  };
  const { login } = identities;
  return {
    verify: async (token) => (await loaded()).verify(token),
    ...(login === undefined
      ? {}
      : {
          signIn: {
            login,
            authorizationUrl: async (challenge) => (await signIn()).authorizationUrl(challenge),
            redeem: async (code, codeVerifier) => (await signIn()).redeem(code, codeVerifier),
          },
        }),
  };
}
