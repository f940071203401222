/** What tests use of the CDK: its packages are installed in this folder alone. */
export { App, Validations } from "aws-cdk-lib";
export { Match, Template } from "aws-cdk-lib/assertions";
export { Effect, ManagedPolicy, Policy, PolicyStatement } from "aws-cdk-lib/aws-iam";
export { AwsSolutionsChecks } from "cdk-nag";
