/** The hosts that commands of plans may name: whoever runs such a command sends credentials there. */
import * as z from "zod";

const host = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/, "must be a host in lower case, like github.com");

/** The forges that commands may name if nothing else is configured. */
export const PUBLIC_FORGES = ["github.com", "gitlab.com"] as const;

export const Hosts = z.strictObject({
  forges: z.array(host).exactOptional(),
  /** Absent: any, because images are pinned by digest. */
  registries: z.array(host).exactOptional(),
});
export type Hosts = z.infer<typeof Hosts>;
