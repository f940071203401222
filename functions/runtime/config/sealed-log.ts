/** The settings of the sealed log: its name, and the authority that time-stamps its checkpoints. */
import * as z from "zod";
import { parse } from "./secrets.ts";

export interface LogSettings {
  /** The name of the log. Absent: that of its key, or for a new key one made of the machine's name. */
  readonly logName?: string;
  /** The address of a time-stamping authority (RFC 3161). Absent: checkpoints are not stamped. */
  readonly timestampUrl?: string;
}

const Name = z.string().regex(/^[^\s+\p{C}]{1,255}$/u, "must be 1 to 255 characters without space and +");
const Url = z.url({ protocol: /^https?$/, error: "must be an http or https address" });

/** Throws a ConfigurationError. */
export function logSettingsFrom({
  ASOF_LOG_NAME: name = "",
  ASOF_TIMESTAMP_URL: url = "",
}: NodeJS.ProcessEnv): LogSettings {
  return {
    ...(name === "" ? {} : { logName: parse("ASOF_LOG_NAME", Name, name) }),
    ...(url === "" ? {} : { timestampUrl: parse("ASOF_TIMESTAMP_URL", Url, url) }),
  };
}
