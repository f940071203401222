-- What a team would build for itself to answer "what ran here then": a table for each thing that is reported,
-- a row for each report, keyed as the sender names it, and an index for each way to it.

CREATE TABLE deployments (
  source text NOT NULL,
  id text NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL CHECK (status IN ('started', 'succeeded', 'failed', 'removed', 'observed')),
  environment text NOT NULL,
  service text NOT NULL,
  provider text,
  instance text,
  deployment_id text,
  repository text,
  digest text,
  tag text,
  commit_repository text,
  commit_sha text,
  commit_ref text,
  config_repository text,
  config_revision text,
  config_path text,
  cluster text,
  namespace text,
  actor text,
  url text,
  PRIMARY KEY (source, id)
);
CREATE INDEX ON deployments (environment, service, occurred_at DESC);
CREATE INDEX ON deployments (digest);

CREATE TABLE builds (
  source text NOT NULL,
  id text NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  digest text NOT NULL,
  repository text,
  commit_repository text NOT NULL,
  commit_sha text NOT NULL,
  commit_ref text,
  evidence text NOT NULL,
  actor text,
  url text,
  PRIMARY KEY (source, id)
);
CREATE INDEX ON builds (digest);

CREATE TABLE pushes (
  source text NOT NULL,
  id text NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  digest text NOT NULL,
  repository text NOT NULL,
  tag text,
  media_type text,
  size bigint,
  actor text,
  url text,
  PRIMARY KEY (source, id)
);
CREATE INDEX ON pushes (digest);

CREATE TABLE migrations (
  source text NOT NULL,
  id text NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL CHECK (status IN ('applied', 'reverted', 'failed')),
  environment text NOT NULL,
  service text,
  database text NOT NULL,
  version text NOT NULL,
  tool text,
  description text,
  reversible boolean,
  image text,
  actor text,
  url text,
  PRIMARY KEY (source, id)
);
CREATE INDEX ON migrations (environment, database, status, occurred_at DESC);

CREATE TABLE services (
  source text NOT NULL,
  id text NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  service text NOT NULL,
  owner text,
  contact text,
  repository text,
  databases text[] NOT NULL,
  PRIMARY KEY (source, id)
);
CREATE INDEX ON services (service, occurred_at DESC);

-- Reports that none of the measured questions reads: test results, tasks, indexes of images.
CREATE TABLE reports (
  source text NOT NULL,
  id text NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  kind text NOT NULL,
  body jsonb NOT NULL,
  PRIMARY KEY (source, id)
);
