#!/usr/bin/env node
/**
 * Stands in for `curl` where there may be none, as on a machine with nothing but Node and npm: the options that the pages'
 * commands use, and no other. Like curl it prints the body, whatever the status.
 */
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    silent: { type: "boolean", short: "s" },
    "show-error": { type: "boolean", short: "S" },
    get: { type: "boolean", short: "G" },
    header: { type: "string", short: "H", multiple: true, default: [] },
    data: { type: "string", short: "d", multiple: true, default: [] },
    "data-urlencode": { type: "string", multiple: true, default: [] },
  },
});

const encoded = values["data-urlencode"].map((pair) => {
  const [name, ...value] = pair.split("=");
  return `${name}=${encodeURIComponent(value.join("="))}`;
});
const data = [...values.data, ...encoded].join("&");
const [address] = positionals;
const isGet = values.get === true || data === "";
const url = isGet && data !== "" ? `${address}?${data}` : address;
const headers = values.header.map((header) => header.split(/:\s*(.*)/s).slice(0, 2));
const response = await fetch(url, isGet ? { headers } : { method: "POST", headers, body: data });
process.stdout.write(Buffer.from(await response.arrayBuffer()));
