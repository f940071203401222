/** CloudFront and WAF in front of the function URLs; enabled by the context `cloudfront`. */
import { CfnOutput, Duration, Stack, Validations } from "aws-cdk-lib";
import {
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  HttpVersion,
  OriginRequestPolicy,
  ViewerProtocolPolicy,
} from "aws-cdk-lib/aws-cloudfront";
import { FunctionUrlOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import type { FunctionUrl } from "aws-cdk-lib/aws-lambda";
import { CfnWebACL } from "aws-cdk-lib/aws-wafv2";
import type { Construct } from "constructs";

/** Paths that record something; they belong to the only function that may write. */
export const INGEST_PATHS = [
  "/v1/events",
  "/v1/webhooks/*",
  "/v1/retractions",
  "/v1/attestations",
  "/v1/marks",
  "/v1/freezes",
  "/v1/freezes/end",
  "/v1/redeployments",
  "/v1/redeployments/*/end",
  "/v1/redeployments/*/cancel",
] as const;

export type Urls = { ingest: FunctionUrl; questions: FunctionUrl; export: FunctionUrl };

export function addEdge(scope: Construct, urls: Urls): void {
  if (Stack.of(scope).region !== "us-east-1") {
    throw new Error(
      "cloudfront=true: AWS accepts a web ACL for CloudFront in us-east-1 only. Deploy there (AWS_REGION=us-east-1), or omit cloudfront and put a distribution of your own in front of the function URLs.",
    );
  }
  // No caching: answers depend on the token and on the time. All headers must pass, because they hold the webhooks'
  // signatures, except Host: a function URL answers only to its own name.
  const behaviour = (url: FunctionUrl): BehaviorOptions => ({
    // An export that selects few facts out of many may take long to its first byte.
    origin: new FunctionUrlOrigin(url, { readTimeout: Duration.seconds(60) }),
    allowedMethods: AllowedMethods.ALLOW_ALL,
    cachePolicy: CachePolicy.CACHING_DISABLED,
    originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
    viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
  });
  const distribution = new Distribution(scope, "Distribution", {
    comment: "asof",
    httpVersion: HttpVersion.HTTP2_AND_3,
    webAclId: webAcl(scope).attrArn,
    defaultBehavior: behaviour(urls.questions),
    additionalBehaviors: {
      ...Object.fromEntries(INGEST_PATHS.map((path) => [path, behaviour(urls.ingest)])),
      "/v1/export*": behaviour(urls.export),
    },
  });
  Validations.of(distribution).acknowledge(
    { id: "AwsSolutions-CFR1", reason: "CI runners and webhooks call from wherever their vendors are." },
    {
      id: "AwsSolutions-CFR3",
      reason:
        "Each function logs its requests and who made them; a second log, of addresses, is the user's choice.",
    },
    {
      id: "AwsSolutions-CFR4",
      reason:
        "CloudFront fixes the TLS policy of its own domain name. With a custom domain and certificate, the user sets a newer one. Connections to the functions always use TLS 1.2.",
    },
  );
  new CfnOutput(scope, "EdgeUrl", { value: `https://${distribution.distributionDomainName}` });
}

function webAcl(scope: Construct): CfnWebACL {
  const visible = (metricName: string) => ({
    metricName,
    cloudWatchMetricsEnabled: true,
    sampledRequestsEnabled: true,
  });
  return new CfnWebACL(scope, "WebAcl", {
    scope: "CLOUDFRONT",
    defaultAction: { allow: {} },
    visibilityConfig: visible("asof"),
    rules: [
      {
        name: "rate",
        priority: 0,
        // Far above what CI or a vendor's webhooks send from one address, because a refused webhook is often not sent
        // again. Well-behaved clients wait after a 429.
        statement: {
          rateBasedStatement: { limit: 10_000, evaluationWindowSec: 300, aggregateKeyType: "IP" },
        },
        action: { block: { customResponse: { responseCode: 429 } } },
        visibilityConfig: visible("asof-rate"),
      },
      {
        name: "common",
        priority: 1,
        statement: {
          managedRuleGroupStatement: {
            vendorName: "AWS",
            name: "AWSManagedRulesCommonRuleSet",
            // Not for POST: this rule set blocks bodies over 8 KB, and texts that look like an attack, as some commit
            // messages do, so facts would be lost. POST requests are signed or carry a token, and are parsed strictly.
            scopeDownStatement: {
              notStatement: {
                statement: {
                  byteMatchStatement: {
                    fieldToMatch: { method: {} },
                    positionalConstraint: "EXACTLY",
                    searchString: "POST",
                    textTransformations: [{ priority: 0, type: "NONE" }],
                  },
                },
              },
            },
          },
        },
        overrideAction: { none: {} },
        visibilityConfig: visible("asof-common"),
      },
    ],
  });
}
