/** Settings to paste into what reports to a ledger. */

export interface Sender {
  readonly name: string;
  readonly where: string;
  readonly settings: string;
}

/** @param origin the ledger's own address */
export const sendersOf = (origin: string): readonly Sender[] => [
  {
    name: "Any pipeline",
    where: "A step after the deployment; the token in a secret.",
    settings: [
      `export ASOF_URL=${origin} ASOF_TOKEN=…`,
      "npx asof record deploy --environment production --service acme/billing --image ghcr.io/acme/billing@sha256:…",
    ].join("\n"),
  },
  {
    name: "GitHub",
    where:
      "Settings → Webhooks → Add webhook; content type application/json; deployments, packages, pull requests.",
    settings: `Payload URL  ${origin}/v1/webhooks/github\nSecret       one of ASOF_WEBHOOK_SECRETS`,
  },
  {
    name: "GitLab",
    where: "Settings → Webhooks: deployment, pipeline and merge request events.",
    settings: `URL           ${origin}/v1/webhooks/gitlab\nSecret token  one of ASOF_WEBHOOK_SECRETS`,
  },
  {
    name: "A registry",
    where: "Docker Distribution's configuration; others have a page for webhooks.",
    settings: `notifications:\n  endpoints:\n    - name: asof\n      url: ${origin}/v1/webhooks/distribution\n      headers:\n        Authorization: [Bearer …]`,
  },
  {
    name: "Argo CD",
    where: "argocd-notifications-cm",
    settings: `service.webhook.asof: |\n  url: ${origin}/v1/webhooks/argocd\n  headers:\n    - name: Authorization\n      value: Bearer $asof-token`,
  },
];
