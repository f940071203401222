/**
 * Which hosts the commands of a plan may name. `gh`, `glab` and `skopeo` send their user's credentials to the host that
 * they are given, and a deployment's URL or a commit's repository may name any.
 */

import type { ReleasedComponent } from "../../schemas/answer.ts";
import type { PlanWarning, Step } from "../../schemas/plan.ts";
import { type Hosts, PUBLIC_FORGES } from "../../schemas/settings/hosts.ts";
import { EVER } from "../ledger/fact-reader.ts";
import { type Renames, spansOf } from "../ledger/names/renames.ts";

const NAMED = {
  gh: [/^--(?:repo|hostname)=([^/]+)/],
  glab: [/^--repo=https:\/\/([^/]+)/, /^--hostname=([^/]+)/],
  skopeo: [/^docker:\/\/([^/]+)/],
} as const;

const hostsIn = (program: keyof typeof NAMED, argv: readonly string[]): string[] =>
  argv.flatMap((word) => NAMED[program].flatMap((form) => form.exec(word)?.[1]?.toLowerCase() ?? []));

/** The hosts of a step's commands that are not on the list. */
function strangeIn({ commands }: Step, { forges = [...PUBLIC_FORGES], registries }: Hosts): string[] {
  const strange = commands.flatMap(({ argv }) => {
    const [program] = argv;
    if (program === "gh" || program === "glab")
      return hostsIn(program, argv).filter((host) => !forges.includes(host));
    if (program !== "skopeo" || registries === undefined) return [];
    return hostsIn(program, argv).filter((host) => !registries.includes(host));
  });
  return [...new Set(strange)];
}

/** The steps, with the commands left out that name a host which is not on the list; a warning says which. */
export function withinHosts(
  steps: readonly Step[],
  hosts: Hosts = {},
): { readonly steps: Step[]; readonly warnings: PlanWarning[] } {
  const warnings: PlanWarning[] = [];
  const within = steps.map((step): Step => {
    const strange = strangeIn(step, hosts);
    if (strange.length === 0) return step;
    const named = strange.join(", ");
    const message = `step ${step.n} has no commands: they would send credentials to ${named}, which is not in ASOF_HOSTS. Add it if it is yours (GET /v1/sources proposes those of verified webhooks)`;
    warnings.push({ code: "host_not_listed", message });
    return { ...step, commands: [], why: `${step.why} By hand: ${named} is not a listed host.` };
  });
  return { steps: within, warnings };
}

/** Vendors whose webhooks prove their sender, and whose sources begin with their host. */
const REPORTING = {
  forges: ["github", "gitlab"],
  registries: ["azure", "distribution", "google", "harbor", "jfrog", "quay"],
} as const satisfies Record<keyof Hosts, readonly string[]>;

/** The hosts of verified webhooks that are not on the list, for an operator to add; undefined if there are none. */
export function proposedHosts(sources: readonly string[], hosts: Hosts = {}): Hosts | undefined {
  const listed = { forges: hosts.forges ?? PUBLIC_FORGES, registries: hosts.registries };
  const missing = (what: keyof Hosts): string[] => {
    const known = new Set<string>(listed[what]);
    const found = sources.flatMap((source) => {
      // A secret with grants has its name before the host.
      const [, vendor, host = ""] = /^\/webhooks\/([^/]+)\/(?:@[^/]+\/)?([^/]+)/.exec(source) ?? [];
      const isOurs = REPORTING[what].some((one) => one === vendor) && /^[a-z0-9.-]+(:\d+)?$/.test(host);
      return isOurs && !known.has(host) ? [host] : [];
    });
    return [...new Set(found)].sort();
  };
  const forges = missing("forges");
  // Without a list, commands may name any registry.
  const registries = hosts.registries === undefined ? [] : missing("registries");
  if (forges.length + registries.length === 0) return undefined;
  return { ...(forges.length === 0 ? {} : { forges }), ...(registries.length === 0 ? {} : { registries }) };
}

/** Warns of each repository of a release that had another name then: whoever may rename it redirects what is pulled. */
export function renamedSince(
  renames: Renames,
  {
    at,
    components,
  }: { readonly at: string; readonly components: readonly Pick<ReleasedComponent, "repository">[] },
): PlanWarning[] {
  const repositories = [...new Set(components.flatMap(({ repository }) => repository ?? []))];
  return repositories.flatMap((repository): PlanWarning[] => {
    const former = spansOf(renames, { repository, at: EVER }).filter(
      ({ name, to }) => name !== repository && to > at && to !== EVER,
    );
    if (former.length === 0) return [];
    const names = [...new Set(former.map(({ name }) => name))].join(", ");
    return [
      { code: "renamed_since", message: `${repository} was called ${names} then, and was renamed since` },
    ];
  });
}
