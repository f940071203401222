/** Sign-in with an identity provider, where the ledger has one, or by a token for this tab. */
import { useEffect, useRef } from "preact/hooks";
import { failure, login, signIn } from "../state.ts";

/** Leads to the provider, and back to the view that was asked for. */
function Provider({ issuer }: { readonly issuer: string }) {
  const returnTo = encodeURIComponent(location.pathname + location.search);
  return (
    <>
      <a class="button primary" href={`/auth/login?returnTo=${returnTo}`}>
        Sign in with {new URL(issuer).host}
      </a>
      <p class="hint">or by a token:</p>
    </>
  );
}

export function SignIn() {
  const refused = failure.value;
  const field = useRef<HTMLInputElement>(null);
  // Browsers heed `autofocus` once a page: it may have been used up by what stood here before.
  useEffect(() => field.current?.focus(), []);
  return (
    <main class="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const token = new FormData(event.currentTarget).get("token");
          if (typeof token === "string" && token.trim() !== "") signIn(token.trim());
        }}
      >
        <h1>asof</h1>
        <p>What ran here at that moment, and what is needed to run it again.</p>
        {login.value === null ? null : <Provider issuer={login.value.issuer} />}
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="off" required ref={field} />
        {refused === null ? null : (
          <p class="tone-bad" role="alert">
            ✗ {refused.status === 401 ? "This token is unknown or no longer valid." : refused.message}
          </p>
        )}
        <button type="submit" class={login.value === null ? "primary" : ""}>
          Sign in
        </button>
        <p class="hint">
          On this machine: <code>cat .asof/token</code>. Elsewhere ask whoever runs the ledger for a token of
          the role reader. It is kept until this tab is closed.
        </p>
      </form>
    </main>
  );
}
