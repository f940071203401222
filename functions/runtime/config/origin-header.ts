/** The header that CloudFront adds with a secret to every request to a function, replacing a client's value. */
export const ORIGIN_HEADER = "x-asof-origin";
