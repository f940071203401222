/** Configuration of a function on AWS: variables, and secrets that are read again regularly. */
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { emfMetrics } from "../../adapters/metrics/emf.ts";
import { TIMEOUTS } from "../../adapters/timeouts.ts";
import { ConfigurationError } from "../config/secrets.ts";

/** A removed token stops working within this time. */
const TTL_MS = 60_000;

export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new ConfigurationError(`${name}: must be set`);
  return value;
}

/**
 * Reads a secret when it is first needed, and again when the last reading is a minute old. If it cannot be read then, or
 * is not valid, the last good value serves for another minute, with a log line and a metric that has an alarm.
 * @param read parses it; throws if it is not valid
 */
export function secretAs<T>(
  read: (text: string) => T,
  SecretId: string = variable("ASOF_SECRET"),
): () => Promise<T> {
  const client = new SecretsManagerClient({ requestHandler: TIMEOUTS });
  let last: { atMs: number; value: Promise<T> } | undefined;
  const fetchSecret = async (): Promise<T> => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
    return read(SecretString ?? "");
  };
  const fetchOr = async (good: Promise<T> | undefined): Promise<T> => {
    try {
      return await fetchSecret();
    } catch (error) {
      if (good === undefined) throw error;
      emfMetrics().record("stale_secrets", {});
      // Of a secret that is not valid, the message names fields and no values.
      const reason = error instanceof Error ? error.message : String(error);
      console.error(
        JSON.stringify({ level: "error", message: "an earlier secret serves", SecretId, reason }),
      );
      return good;
    }
  };
  return () => {
    if (last === undefined || Date.now() - last.atMs > TTL_MS) {
      const value = fetchOr(last?.value);
      last = { atMs: Date.now(), value };
      // The first failure is not cached: the next request tries again.
      value.catch(() => {
        last = undefined;
      });
    }
    return last.value;
  };
}
