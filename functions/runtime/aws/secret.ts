/** Configuration of a function on AWS: variables, and a secret that is read again regularly. */
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { TIMEOUTS } from "../../adapters/timeouts.ts";
import { ConfigurationError } from "../config/secrets.ts";

/** A removed token stops working within this time. */
const TTL_MS = 60_000;

export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new ConfigurationError(`${name}: must be set`);
  return value;
}

/** Reads the secret `ASOF_SECRET` when it is first needed, and again when the last reading is a minute old. */
export function secretAs<T>(read: (text: string) => T): () => Promise<T> {
  const client = new SecretsManagerClient({ requestHandler: TIMEOUTS });
  const SecretId = variable("ASOF_SECRET");
  let last: { atMs: number; value: Promise<T> } | undefined;
  const fetchSecret = async (): Promise<T> => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
    return read(SecretString ?? "");
  };
  return () => {
    if (last === undefined || Date.now() - last.atMs > TTL_MS) {
      const value = fetchSecret();
      last = { atMs: Date.now(), value };
      // A failure is not cached: the next request tries again.
      value.catch(() => {
        last = undefined;
      });
    }
    return last.value;
  };
}
