/** Image repositories, and which of their images are still needed. */
import * as z from "zod";
import { digest, imageRepository, name, time } from "../scalars.ts";
import { moment } from "./release.ts";

export const Repositories = z
  .strictObject({
    ...moment,
    repositories: z.array(
      z.strictObject({
        repository: imageRepository,
        renamedTo: imageRepository
          .exactOptional()
          .meta({ description: "its present name, if it was renamed" }),
        services: z.array(name).meta({ description: "those that are described with it" }),
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: "Repositories" });
export type Repositories = z.infer<typeof Repositories>;

const need = z.strictObject({
  why: z.enum(["runs", "ran", "last good", "index"]).meta({
    description:
      "it runs now; it ran since the asked time; `last=good` would go back to it; an index that is needed holds it",
  }),
  environment: name.exactOptional(),
  service: name.exactOptional(),
  index: digest.exactOptional(),
  candidate: z
    .literal(true)
    .exactOptional()
    .meta({ description: "it may be this image: which one ran is not known" }),
});
export type Need = z.infer<typeof need>;

export const NeededImages = z
  .strictObject({
    repository: imageRepository,
    since: time.nullable(),
    knownAt: time,
    settled: z.boolean(),
    images: z.array(z.strictObject({ digest, reasons: z.array(need) })).meta({
      description:
        "of the services of this page, by digest. Only after the last page (`next: null`) an image that none of them has is not needed",
    }),
    cut: z
      .array(z.strictObject({ environment: name, service: name }))
      .meta({ description: "services with too many releases since then: more of their images are needed" }),
    next: z.string().nullable(),
  })
  .meta({ id: "NeededImages" });
export type NeededImages = z.infer<typeof NeededImages>;
