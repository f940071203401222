/** The ledger's secrets. */
import { RemovalPolicy, SecretValue, Validations } from "aws-cdk-lib";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import type { LedgerFunction } from "./function.ts";

/** A secret that a person writes after the deployment. */
export function secretFor(scope: Construct, id: string, description: string, placeholder: string): Secret {
  const secret = new Secret(scope, id, {
    description,
    secretStringValue: SecretValue.unsafePlainText(placeholder),
    removalPolicy: RemovalPolicy.RETAIN,
  });
  Validations.of(secret).acknowledge({
    id: "AwsSolutions-SMG4",
    reason:
      "The other half of each token and secret is in CI or with a vendor, where no rotation function reaches. Both sorts may hold several values at once, so that a person rotates them without a gap.",
  });
  return secret;
}

/** The secret between CloudFront and these functions, which then answer nobody else. */
export function behindOrigin(scope: Construct, functions: readonly LedgerFunction[]): Secret {
  const secret = new Secret(scope, "OriginSecret", {
    description: "asof: the header by which functions recognize CloudFront",
    generateSecretString: { excludePunctuation: true, passwordLength: 48 },
  });
  Validations.of(secret).acknowledge({
    id: "AwsSolutions-SMG4",
    reason:
      "CloudFront gets its value at a deployment only, so a rotation between two would end every request.",
  });
  for (const one of functions) {
    one.addEnvironment("ASOF_ORIGIN_SECRET", secret.secretArn);
    one.allow(["secretsmanager:GetSecretValue"], secret.secretArn);
  }
  return secret;
}
