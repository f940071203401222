/** Statements as CloudEvents 1.0, the form that `POST /v1/events` accepts. */
import type { Statement } from "./fact.ts";

export interface CloudEvent {
  readonly specversion: "1.0";
  /** `dev.asof.<kind>.v1` */
  readonly type: string;
  readonly source: string;
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export const eventOf = ({ kind, source, id, occurredAt, ...data }: Statement): CloudEvent => ({
  specversion: "1.0",
  type: `dev.asof.${kind}.v1`,
  source,
  id,
  time: occurredAt,
  data,
});
