/** URLs of source repositories. */
import { fold } from "./texts.ts";

/** A repository's URL for comparison: forges ignore case, a slash at the end and `.git`. */
export const bareUrl = (url: string): string => fold(url.replace(/\/+$/, "").replace(/\.git$/i, ""));
