/** The ledger as every endpoint receives it. Created once, at start. */

import type { DeployTools } from "../../schemas/settings/deploy-tools.ts";
import type { GatePolicy } from "../../schemas/settings/gate-policy.ts";
import type { Hosts } from "../../schemas/settings/hosts.ts";
import type { SamePersons } from "../../schemas/settings/same-persons.ts";
import type { Token } from "../ledger/authority/authority.ts";
import type { Grants } from "../ledger/authority/grants.ts";
import type { Verifier } from "../ledger/authority/identities.ts";
import type { BackUp } from "../ledger/export/backup.ts";
import type { ExportJobs } from "../ledger/export/export-jobs.ts";
import type { Ingest } from "../ledger/ingest/ingest-context.ts";
import { erasedAt } from "../ledger/people/erasure.ts";
import type { Store } from "../ledger/store.ts";
import type { ExecutorCheck } from "../plan/redeployment/request.ts";
import type { ComparedPersons } from "../queries/persons.ts";
import type { SilentAfter } from "../queries/silent-sources.ts";
import type { ListedLog } from "../seal/log-store.ts";
import type { Trust } from "../sources/standards/trust.ts";

/** A vendor's secret. With grants it has a name, and whoever knows it reports within them. */
export interface WebhookSecret extends Grants {
  readonly secret: string;
  readonly name?: string;
}

export interface Secrets {
  readonly tokens: readonly Token[];
  /** By vendor. Several secrets at once allow rotation. */
  readonly webhooks: Readonly<Record<string, readonly (string | WebhookSecret)[]>>;
}

export interface Ledger extends Ingest {
  /** Read again regularly, so that a removed token stops working within a minute. */
  readonly secrets: () => Promise<Secrets>;
  /** Verifies OIDC tokens by the configured policies. Absent: none is taken. */
  readonly identities?: Verifier;
  /** The signers whose attestations are trusted. Absent: none. */
  readonly trust?: Trust;
  /** Commands of deploy tools that plans do not know. Absent: none. */
  readonly deployTools?: DeployTools | undefined;
  /** The hosts that commands of plans may name. Absent: the public forges, and any registry. */
  readonly hosts?: Hosts | undefined;
  /** Which evidence the gate requires. Absent: none. */
  readonly gatePolicy?: GatePolicy | undefined;
  /** Logins of several issuers that are one person. Absent: none. */
  readonly samePersons?: SamePersons | undefined;
  /** The store of the whole ledger, if `store` is what a bound reader may see: persons are compared by it. */
  readonly whole?: Ledger["store"];
  /** How long after a moment its facts may still appear: index lag and clock skew. */
  readonly settleMs: number;
  /** The step to which times of looking at a runtime are rounded down. Absent: the source's own. */
  readonly observationStepMs?: number;
  /** Absent if no executor is configured here: then somebody else carries redeployments out. */
  readonly executor?: ExecutorCheck;
  /** When a source counts as silent, where its rhythm is not learned. */
  readonly silentAfter?: SilentAfter;
  /** The metrics in Prometheus' text format, with its content type. Absent on AWS, where CloudWatch keeps them. */
  readonly metrics?: () => Promise<{ readonly type: string; readonly text: string }>;
  /** Where the sealed log lies. Absent: this ledger has none. */
  readonly sealedLog?: ListedLog;
  /** Runs exports as jobs. Absent: exports are streamed alone. */
  readonly exportJobs?: ExportJobs;
  /** Whether what was recorded is sealed in time. Absent: it is not sealed in this process. */
  readonly sealingState?: () => "ok" | "late";
  /** Absent if the ledger is not stored in one file. */
  readonly backup?: BackUp;
  /** Set where a bound holder asks: what it is granted, and the store beneath what it may see. */
  readonly bound?: { readonly to: Grants; readonly store: Store };
}

/** How the persons of a ledger are compared. */
export const comparedPersons = (ledger: Ledger): ComparedPersons => ({
  reveal: (commitments) => ledger.people.reveal(commitments),
  same: ledger.samePersons,
  // Clocks may differ by the settle time.
  erased: async (commitments) => {
    const times = await erasedAt(ledger.whole ?? ledger.store, commitments);
    return new Map(
      [...times].map(([commitment, at]) => [
        commitment,
        new Date(Date.parse(at) - ledger.settleMs).toISOString(),
      ]),
    );
  },
});
