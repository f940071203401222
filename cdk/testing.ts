/** Re-exports for tests: the CDK's packages are installed only in this folder. */
export { App, Validations } from "aws-cdk-lib";
export { Match, Template } from "aws-cdk-lib/assertions";
export { Effect, ManagedPolicy, Policy, PolicyStatement } from "aws-cdk-lib/aws-iam";
export { AwsSolutionsChecks } from "cdk-nag";
