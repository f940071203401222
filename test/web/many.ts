/** A large history, as the ledger would answer it. */
import type { History } from "../../schemas/answers/history.ts";

/** Services that were each deployed a number of times, evenly over a span from a time on. */
export function manyServices(services: number, deployments: number, from: number, spanMs: number): History {
  const all = Array.from({ length: services * deployments }, (_, n) => ({
    place: Math.floor(n / deployments),
    nth: n % deployments,
  }));
  const timeOf = ({ place, nth }: { place: number; nth: number }): number =>
    Math.floor(from + (spanMs * (nth + place / services)) / deployments);
  const isLast = ({ nth }: { nth: number }): boolean => nth === deployments - 1;
  return {
    environment: "production",
    from: new Date(from).toISOString(),
    to: new Date(from + spanMs).toISOString(),
    knownAt: new Date(from + spanMs).toISOString(),
    settled: true,
    places: Array.from({ length: services }, (_, n) => ({
      environment: "production",
      service: `acme/service-${String(n).padStart(4, "0")}`,
    })),
    releases: Array.from({ length: deployments }, (_, n) => ({
      owner: null,
      components: [
        {
          component: "main",
          digest: `sha256:${String(n).padStart(64, "0")}`,
          resolvedBy: "digest",
          repository: "ghcr.io/acme/service",
          tags: [`1.${n}.0`],
          commit: String(n).padStart(40, "a"),
        },
      ],
    })),
    people: ["mona"],
    rows: {
      place: all.map(({ place }) => place),
      at: all.map(timeOf),
      status: all.map(() => "running"),
      since: all.map(timeOf),
      until: all.map((one) => (isLast(one) ? null : timeOf({ ...one, nth: one.nth + 1 }))),
      release: all.map(({ nth }) => nth),
      by: all.map(() => 0),
      rollback: all.map(() => false),
      drift: all.map(() => false),
      attempt: all.map(() => null),
    },
    next: null,
  };
}
