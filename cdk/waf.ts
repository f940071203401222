/** The web application firewall of the ledger's address, in a stack of its own: AWS keeps those of CloudFront in us-east-1. */
import { Stack, type StackProps } from "aws-cdk-lib";
import { CfnWebACL } from "aws-cdk-lib/aws-wafv2";
import type { Construct } from "constructs";

export class AsofWafStack extends Stack {
  readonly webAclArn: string;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    this.webAclArn = webAcl(this).attrArn;
  }
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
