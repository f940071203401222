/** Who plays: six services, where they run, and on which days they were released. */

export interface Service {
  readonly name: string;
  readonly owner: string;
  readonly contact: string;
  /** Its images are named after its components, where it has several. */
  readonly components: readonly string[];
  readonly database?: string;
  readonly tool?: string;
  /** Releases that move its database's schema. */
  readonly migrations: readonly number[];
  /** On which working day before today each release reached staging; production follows a working day later. */
  readonly releases: readonly number[];
  /** Deployed by a tag that moves. */
  readonly byTag?: string;
}

export const SERVICES: readonly Service[] = [
  {
    name: "acme/billing",
    owner: "team-billing",
    contact: "#billing-oncall",
    components: ["main"],
    database: "billing",
    tool: "knex",
    migrations: [1, 2, 4, 7],
    releases: [62, 51, 42, 33, 25, 16, 9, 3],
  },
  {
    name: "acme/orders",
    owner: "team-orders",
    contact: "#orders-oncall",
    components: ["main"],
    database: "orders",
    tool: "flyway",
    migrations: [1, 3, 5, 6],
    releases: [61, 52, 41, 31, 22, 20, 12, 5],
  },
  {
    name: "acme/shop",
    owner: "team-shop",
    contact: "#shop",
    components: ["web", "worker"],
    migrations: [],
    releases: [63, 55, 47, 38, 29, 27, 18, 11, 4],
  },
  {
    name: "acme/search",
    owner: "team-search",
    contact: "#search",
    components: ["main"],
    migrations: [],
    releases: [60, 45, 30, 13, 6],
  },
  {
    name: "acme/mailer",
    owner: "team-platform",
    contact: "#platform",
    components: ["main"],
    migrations: [],
    releases: [58, 44, 26, 10],
    byTag: "latest",
  },
  {
    name: "acme/reports",
    owner: "team-platform",
    contact: "#platform",
    components: ["main"],
    migrations: [],
    releases: [59, 46, 34, 28],
  },
];

export interface Environment {
  readonly name: string;
  readonly cluster: string;
  readonly group?: string;
  /** How much later than staging it is deployed to: working days, and minutes of that day. */
  readonly after: { readonly days: number; readonly minutes: number };
}

export const STAGING: Environment = {
  name: "staging",
  cluster: "eu-1-test",
  after: { days: 0, minutes: 20 },
};
export const PRODUCTION: Environment = {
  name: "production",
  cluster: "eu-1",
  group: "production",
  after: { days: 1, minutes: 180 },
};
export const PRODUCTION_US: Environment = {
  name: "production.us-1",
  cluster: "us-1",
  group: "production",
  after: { days: 1, minutes: 300 },
};
export const ENVIRONMENTS = [STAGING, PRODUCTION, PRODUCTION_US] as const;

/** What did not go as planned: which release of whom. */
export const INCIDENTS = {
  /** Its first deployment to production failed; a working day later it succeeded. */
  failed: { service: "acme/billing", release: 6 },
  /** Taken back in production after 45 minutes, with its migration; it never reached the other cluster. */
  rolledBack: { service: "acme/orders", release: 5 },
  /** Failed as a canary, and went no further. */
  canary: { service: "acme/shop", release: 5 },
  /** Replaced by hand in production so many working days ago; only an observation shows it. */
  hotfix: { service: "acme/search", workingDaysAgo: 4 },
  /** What runs was deleted from its registry so many working days ago. */
  deleted: { service: "acme/reports", workingDaysAgo: 2 },
  /** A review environment that came and went. */
  review: { service: "acme/shop", release: 7, environment: "review/pr-512" },
} as const;
