/** CloudFront adds it, with a secret, to every request that it sends to a function; it replaces a client's own value. */
export const ORIGIN_HEADER = "x-asof-origin";
