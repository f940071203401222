/** Components of a service: as deployers name them, and as the runtime shows them. */
import * as z from "zod";
import { digest, imageRepository, name, tag } from "./scalars.ts";

export const component = z.strictObject({
  component: name,
  variant: name.exactOptional(),
  weight: z.number().min(0).max(100).exactOptional(),
  repository: imageRepository.exactOptional(),
  digest: digest.exactOptional(),
  tag: tag.exactOptional(),
});

/** A component as the runtime shows it. */
export const observedComponent = component.extend({
  /** Further digests of the same entry: nodes of several platforms may each report their own manifest. */
  otherDigests: z.array(digest).min(1).max(16).exactOptional(),
  /**
   * `configuration`: the runtime names no repository with the digest, so it is that of the image's configuration (or, in
   * some runtimes, of its manifest). It is compared with an image only if an index relates them. Absent: a manifest's.
   */
  digestOf: z.literal("configuration").exactOptional(),
});
