/** Mapping files to start from: one for tables of any kind, and one for each tool whose export is known. */

const COMMON = `# name: in the source of the facts, /import/csv/<name>. Keep it: under another name the same rows are recorded again.
# A field is a column, or {column, values, otherwise, pattern, default}, or {value: always this}.
# A value of null leaves the row out. Times without a zone need time.zone; dates that may be two days, time.format.
`;

const SPREADSHEET = `${COMMON}name: releases
# delimiter: ";"          # default: found in the first line
kind: { value: deployment.succeeded }
time:
  column: [Date, Time]
  format: dd.MM.yyyy HH:mm
  zone: Europe/Berlin
fields:
  environment: Environment
  service: Service
  image: Image            # ghcr.io/acme/billing:1.4.2; or repository, tag, digest
  commit.sha: Commit
  commit.repository: { value: "https://github.com/acme/billing" }
  actor: Login            # names and mail addresses are left out
  url: Link
`;

const OCTOPUS = `${COMMON}# Columns of Octopus Deploy's table DeploymentHistory; its times are UTC where the export is.
name: octopus
kind:
  column: TaskState
  values:
    Success: deployment.succeeded
    Failed: deployment.failed
    TimedOut: deployment.failed
    Canceled: deployment.failed
    Queued: null
    Executing: null
    Cancelling: null
time: { column: CompletedTime, zone: UTC }
fields:
  environment: EnvironmentName
  service: ProjectName
  tag: ReleaseVersion
  deployment.provider: { value: octopus }
  deployment.instance: { value: octopus.example.org }
  deployment.id: DeploymentId
  actor: DeployedBy
`;

const SPINNAKER = `${COMMON}# Columns as docs/import.md makes them from Gate's /applications/<application>/pipelines.
name: spinnaker
kind:
  column: status
  values: { SUCCEEDED: deployment.succeeded, TERMINAL: deployment.failed, CANCELED: deployment.failed }
  otherwise: null
time: { column: endTime, format: epoch-ms }
fields:
  environment: account
  service: application
  image: image
  deployment.provider: { value: spinnaker }
  deployment.instance: { value: spinnaker.example.org }
  deployment.id: id
  actor: user
`;

const KOSLI = `${COMMON}# Columns as docs/import.md makes them from kosli get snapshot. A snapshot is what the runtime showed.
name: kosli
kind: { value: deployment.observed }
time: { column: timestamp, format: epoch }
fields:
  environment: environment
  service: flow
  image: name
  digest: { column: fingerprint, pattern: "^(sha256:[0-9a-f]{64})$" }
`;

const JENKINS = `${COMMON}# Columns as docs/import.md makes them from a job's api/json.
name: jenkins
kind:
  column: result
  values: { SUCCESS: deployment.succeeded, FAILURE: deployment.failed, ABORTED: deployment.failed }
  otherwise: null
time: { column: endedAt, format: epoch-ms }
fields:
  environment: environment
  service: service
  tag: version
  commit.sha: commit
  deployment.provider: { value: jenkins }
  deployment.instance: { value: jenkins.example.org }
  deployment.id: id
  url: url
  actor: user
`;

export const TEMPLATES: Readonly<Record<string, string>> = {
  spreadsheet: SPREADSHEET,
  octopus: OCTOPUS,
  spinnaker: SPINNAKER,
  kosli: KOSLI,
  jenkins: JENKINS,
};
