/** Sign-in by a token, for the session. */
import { useEffect, useRef } from "preact/hooks";
import { failure, signIn } from "../state.ts";

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
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="off" required ref={field} />
        {refused === null ? null : (
          <p class="tone-bad" role="alert">
            ✗ {refused.status === 401 ? "This token is unknown or no longer valid." : refused.message}
          </p>
        )}
        <button type="submit" class="primary">
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
