/** Small parts that several views share. */
import { Copy, ExternalLink } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { duration } from "../../schemas/words/durations.ts";
import type { ApiError } from "../api.ts";
import { moment, utc } from "../format.ts";
import { copy, now } from "../state.ts";

/** A time in the reader's zone; UTC on hover. */
export function Time({ at, ago = false }: { readonly at: string | number; readonly ago?: boolean }) {
  const ms = typeof at === "number" ? at : Date.parse(at);
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)}>
      {moment(ms, now.value)}
      {ago ? <span class="quiet"> · {duration(Math.max(0, now.value - ms))} ago</span> : null}
    </time>
  );
}

export const CopyButton = ({ text, what }: { readonly text: string; readonly what: string }) => (
  <button
    type="button"
    class="icon small"
    aria-label={`Copy ${what}`}
    title={`Copy ${what}`}
    onClick={() => void copy(text, `${what} copied`)}
  >
    <Copy size={12} aria-hidden="true" />
  </button>
);

/** A link to elsewhere; only what a browser opens safely. */
export const Out = ({
  href,
  children,
}: {
  readonly href: string | null | undefined;
  readonly children: ComponentChildren;
}) =>
  href === null || href === undefined || !/^https?:/.test(href) ? (
    <span>{children}</span>
  ) : (
    <a href={href} target="_blank" rel="noreferrer">
      {children}
      <ExternalLink class="out" size={11} aria-label="opens elsewhere" />
    </a>
  );

export const Fact = ({ name, children }: { readonly name: string; readonly children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

export const Command = ({ text, what = "command" }: { readonly text: string; readonly what?: string }) => (
  <div class="command">
    <pre tabIndex={0}>{text}</pre>
    <CopyButton text={text} what={what} />
  </div>
);

/** Why there is no answer, and what to do. */
export function Refused({ error, again }: { readonly error: ApiError; readonly again: () => void }) {
  return (
    <p class="empty" role="alert">
      {error.message}{" "}
      {error.status === 0 || error.status >= 500 ? (
        <button type="button" class="link" onClick={again}>
          try again
        </button>
      ) : null}
    </p>
  );
}
