/** The configuration that a redeployment promises to restore, compared with what is reported since. */

import type { Release } from "../../../schemas/answers/release.ts";
import type { Configuration } from "../../../schemas/fact.ts";
import type { Requested } from "../../queries/gate/freezes.ts";
import { isSameConfiguration, locationOf } from "../../queries/release/configuration.ts";
import { describedConfiguration } from "../configuration.ts";

type Config = readonly Configuration[];

const lackingIn = (promised: Config, config: Config): Configuration[] =>
  promised.filter((one) => !config.some((other) => isSameConfiguration(one, other)));

/** @param releaseAt the service's release at a time; read only if configuration was promised */
export function promisedConfiguration(
  { config: promised = [] }: Requested,
  releaseAt: (at: string) => Promise<Release | undefined>,
) {
  const configAt = async (at: string): Promise<Config> => (await releaseAt(at))?.config ?? [];
  return {
    isIn: (config: Config): boolean => lackingIn(promised, config).length === 0,

    /** Whether it is in effect, as far as it is reported. */
    isInEffect: async (at: string): Promise<boolean> =>
      promised.length === 0 || lackingIn(promised, await configAt(at)).length === 0,

    /** Why it is known not to be in effect: another revision is reported for its place. Undefined: it is not known. */
    async failure(at: string): Promise<string | undefined> {
      if (promised.length === 0) return undefined;
      const config = await configAt(at);
      const others = lackingIn(promised, config).filter((one) =>
        config.some((other) => locationOf(other) === locationOf(one)),
      );
      return others.length === 0
        ? undefined
        : `its configuration was not restored: ${others.map(describedConfiguration).join(", ")}`;
    },
  };
}
