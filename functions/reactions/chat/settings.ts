/** The settings of chats: which chat receives which news. */
import * as z from "zod";
import { endpoint, fold, name, text, url } from "../../../schemas/scalars.ts";
import { token } from "../executors/order.ts";
import { isFor, places } from "../reaction.ts";

export const SUBJECTS = ["deployed", "rolled back", "failed", "drift", "frozen", "silent"] as const;
export type Subject = (typeof SUBJECTS)[number];

const scope = {
  ...places,
  groups: z.array(name).min(1).exactOptional(),
  owners: z.array(text(255)).min(1).exactOptional(),
  /** Absent: everything. A source that fell silent has no place: only channels without a scope are told by default. */
  on: z.array(z.enum(SUBJECTS)).min(1).exactOptional(),
};

const Channel = z.discriminatedUnion("kind", [
  /** An incoming webhook of Slack, or of what takes its format. Whoever has the address may post. */
  z.strictObject({ kind: z.literal("webhook"), url: endpoint, ...scope }),
  /** A bot of Slack with the scope `chat:write`: its messages are updated. */
  z.strictObject({
    kind: z.literal("bot"),
    token,
    /** The id of the channel, like C0123456789. */
    channel: z.string().regex(/^[A-Z0-9]{5,32}$/, "must be a channel's id, like C0123456789"),
    api: endpoint.default("https://slack.com/api"),
    ...scope,
  }),
]);
export type Channel = z.infer<typeof Channel>;

export const Chat = z.strictObject({
  /** The address of the ledger's page, for links. */
  page: url.exactOptional(),
  channels: z.array(Channel).min(1).max(50),
});
export type Chat = z.infer<typeof Chat>;

/** Where something happened. Without a service, in the whole environment. */
export interface Place {
  readonly environment: string;
  readonly service?: string | undefined;
  readonly group: string | null;
  readonly owner: string | null;
}

const lists = (list: readonly string[] | undefined, one: string | null): boolean =>
  list === undefined || (one !== null && list.some((listed) => fold(listed) === fold(one)));

/** Whether a channel is told. What concerns a whole environment concerns each service and owner in it. */
export function isTold(channel: Channel, subject: Subject, place: Place | undefined): boolean {
  const { on, groups, owners, environments, services } = channel;
  if (place === undefined) {
    const isScoped = [groups, owners, environments, services].some((one) => one !== undefined);
    return on === undefined ? !isScoped : on.includes(subject);
  }
  if (on !== undefined && !on.includes(subject)) return false;
  const { environment, service, group, owner } = place;
  if (service === undefined)
    return isFor({ ...(environments && { environments }) }, place) && lists(groups, group);
  return isFor(channel, { environment, service }) && lists(groups, group) && lists(owners, owner);
}
