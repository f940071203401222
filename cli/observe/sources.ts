/** The sources of what was observed: `/observe/<observer>/<where>`. */
import { pathOf } from "../import/sources.ts";

export const observeSource = (observer: string, where: string): string =>
  `/observe/${observer}/${pathOf(where)}`;
