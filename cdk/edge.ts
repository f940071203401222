/** CloudFront in front of the function URLs: one address for everything. */
import { Duration, Validations } from "aws-cdk-lib";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import {
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  HttpVersion,
  type IOrigin,
  OriginRequestPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from "aws-cdk-lib/aws-cloudfront";
import { FunctionUrlOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import type { FunctionUrl } from "aws-cdk-lib/aws-lambda";
import type { Secret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import { ORIGIN_HEADER } from "../functions/runtime/config/origin-header.ts";

/** Paths that record something; they belong to the only function that may write. It also answers their GET requests. */
export const INGEST_PATHS = [
  "/v1/events",
  "/v1/webhooks/*",
  "/v1/retractions",
  "/v1/disputes",
  "/v1/reviews",
  "/v1/attestations",
  "/v1/marks",
  "/v1/notes",
  "/v1/freezes",
  "/v1/freezes/end",
  "/v1/renames",
  "/v1/redeployments",
  "/v1/redeployments/*/take",
  "/v1/redeployments/*/end",
  "/v1/redeployments/*/cancel",
  "/v1/quarantine/*/retry",
  "/v1/quarantine/*/discard",
] as const;

/** The page's scripts and styles. */
const PAGE_FILES = ["/main-*.js", "/theme-*.js", "/style-*.css"] as const;

export type Urls = { ingest: FunctionUrl; questions: FunctionUrl; export: FunctionUrl; erase: FunctionUrl };

export interface EdgeProps {
  readonly urls: Urls;
  /** The functions answer only requests that carry it, so that nobody goes round CloudFront. */
  readonly originSecret: Secret;
  readonly domain?: { readonly name: string; readonly certificate: string } | undefined;
  readonly webAclArn?: string | undefined;
}

/** Returns the ledger's address. */
export function addEdge(scope: Construct, { urls, originSecret, domain, webAclArn }: EdgeProps): string {
  // No caching of answers: they depend on the token and on the time. All headers must pass, because they hold the webhooks'
  // signatures, except Host: a function URL answers only to its own name.
  const originOf = (url: FunctionUrl) =>
    new FunctionUrlOrigin(url, {
      // An export that selects few facts out of many may take long to its first byte.
      readTimeout: Duration.seconds(60),
      // A reference: CloudFormation resolves it, so the value is in no template.
      customHeaders: { [ORIGIN_HEADER]: originSecret.secretValue.unsafeUnwrap() },
    });
  const [ingest, questions] = [originOf(urls.ingest), originOf(urls.questions)];
  const exported = originOf(urls.export);
  const behaviour = (origin: IOrigin): BehaviorOptions => ({
    origin,
    allowedMethods: AllowedMethods.ALLOW_ALL,
    cachePolicy: CachePolicy.CACHING_DISABLED,
    originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
    viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
  });
  // Everybody's, and never changed: the names hold the hashes of the files.
  const cached: BehaviorOptions = {
    origin: questions,
    allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
    cachePolicy: CachePolicy.CACHING_OPTIMIZED,
    viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
  };
  const distribution = new Distribution(scope, "Distribution", {
    comment: "asof",
    httpVersion: HttpVersion.HTTP2_AND_3,
    ...(webAclArn === undefined ? {} : { webAclId: webAclArn }),
    ...(domain === undefined
      ? {}
      : {
          domainNames: [domain.name],
          certificate: Certificate.fromCertificateArn(scope, "Certificate", domain.certificate),
          minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
        }),
    defaultBehavior: behaviour(questions),
    additionalBehaviors: {
      ...Object.fromEntries(INGEST_PATHS.map((path) => [path, behaviour(ingest)])),
      "/v1/export*": behaviour(exported),
      "/v1/people*": behaviour(originOf(urls.erase)),
      "/v1/audit*": behaviour(exported),
      ...Object.fromEntries(PAGE_FILES.map((path) => [path, cached])),
    },
  });
  Validations.of(distribution).acknowledge(
    { id: "AwsSolutions-CFR1", reason: "CI runners and webhooks call from wherever their vendors are." },
    {
      id: "AwsSolutions-CFR2",
      reason: "A web application firewall has a price of its own, so it is a switch of the configuration.",
    },
    {
      id: "AwsSolutions-CFR3",
      reason:
        "Each function logs its requests and who made them; a second log, of addresses, is the user's choice.",
    },
    {
      id: "AwsSolutions-CFR4",
      reason:
        "CloudFront fixes the TLS policy of its own domain name; with a domain of one's own it is TLS 1.2 of 2021. Connections to the functions always use TLS 1.2.",
    },
  );
  return `https://${domain?.name ?? distribution.distributionDomainName}`;
}
