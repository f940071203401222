/** Who may send events over EventBridge, and what each may report. IAM controls who may put them on a bus. */

import * as z from "zod";
import { Grants, grantsOf } from "../../ledger/authority/grants.ts";
import type { Sender } from "../../ledger/ingest/ingest-context.ts";
import { sourceOf } from "../../sources/source.ts";
import { json, parse } from "./secrets.ts";

const sender = Grants.extend({
  /** In `reportedBy`, after `eventbridge:`. */
  name: z.string().regex(/^[A-Za-z0-9._-]{1,48}$/, "must be 1 to 48 of A-Z a-z 0-9 . _ -"),
  account: z.string().regex(/^\d{12}$/, "must be the 12 digits of an AWS account, as text"),
  /** The envelope's `source`, to which an IAM condition (`events:source`) may bind who puts. Absent: any. */
  source: z.string().min(1).max(256).exactOptional(),
});

export const Senders = z
  .array(sender)
  .refine((all) => new Set(all.map(({ account, source }) => `${account} ${source}`)).size === all.length, {
    error: "each account and source may be listed once",
  });
export type Senders = z.infer<typeof Senders>;

export const sendersFrom = ({ ASOF_SENDERS: text }: NodeJS.ProcessEnv): Senders =>
  text === undefined || text === "" ? [] : parse("ASOF_SENDERS", Senders, json("ASOF_SENDERS", text));

/** The services of AWS whose events are recorded; the ledger gives these a source with their account. */
const SERVICES = ["ecr", "ecs", "codedeploy", "codepipeline"] as const;

/** The sources of a sender that is granted none: its name's, like a new token's, and those of AWS in its account. */
const ownSources = ({ name, account }: Senders[number]): string[] => [
  `/ci/${name}`,
  ...SERVICES.map((service) => sourceOf("aws", service, account)),
];

const Envelope = z.looseObject({ account: z.string(), source: z.string() });

/** Without a list, everybody whom IAM lets put events reports as a writer without grants. */
export const ANY_SENDER: Sender = {
  door: "aws",
  reportedBy: "eventbridge",
  bound: { name: "eventbridge", role: "writer" },
};

/**
 * The sender of an event by its envelope, whose account EventBridge sets; or why it is none, where senders are listed. An
 * entry with the event's source comes before one of its account alone.
 */
export function senderIn(senders: Senders, event: unknown): Sender | string {
  if (senders.length === 0) return ANY_SENDER;
  const { account, source } = Envelope.safeParse(event).data ?? {};
  const own = senders.filter((one) => one.account === account);
  const found = own.find((one) => one.source === source) ?? own.find((one) => one.source === undefined);
  if (found === undefined)
    return `no sender is configured for the account ${account ?? "(none)"} and source ${source ?? "(none)"}: add it to senders`;
  const { name, account: _, source: __, ...grants } = { sources: ownSources(found), ...found };
  const reportedBy = `eventbridge:${name}`;
  return { door: "aws", reportedBy, bound: { ...grantsOf(grants), name: reportedBy, role: "writer" } };
}
