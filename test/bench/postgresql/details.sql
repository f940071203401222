-- What is known of deployments at a moment ($2): where their images came from, and what was applied to their databases.
SELECT deployment.*, build.commit, build.url AS build_url, push.pushed_at, push.tags,
  description.owner, description.contact, schema.migrations
FROM deployment
LEFT JOIN LATERAL (
  SELECT json_build_object('repository', commit_repository, 'sha', commit_sha, 'ref', commit_ref) AS commit, url
  FROM builds WHERE digest = deployment.digest
  ORDER BY occurred_at
  LIMIT 1
) build ON true
LEFT JOIN LATERAL (
  SELECT min(occurred_at) AS pushed_at, array_agg(DISTINCT tag) FILTER (WHERE occurred_at <= $2) AS tags
  FROM pushes WHERE digest = deployment.digest AND repository = deployment.repository
) push ON true
LEFT JOIN LATERAL (
  SELECT owner, contact, databases FROM services
  WHERE service = deployment.service AND occurred_at <= $2
  ORDER BY occurred_at DESC
  LIMIT 1
) description ON true
LEFT JOIN LATERAL (
  SELECT json_agg(json_build_object('database', name, 'version', newest.version)) AS migrations
  FROM unnest(description.databases) AS name
  LEFT JOIN LATERAL (
    SELECT version FROM migrations applied
    WHERE environment = $1 AND database = name AND occurred_at <= $2 AND status = 'applied' AND NOT EXISTS (
      SELECT FROM migrations
      WHERE environment = $1 AND database = name AND version = applied.version AND status = 'reverted'
        AND occurred_at > applied.occurred_at AND occurred_at <= $2
    )
    ORDER BY occurred_at DESC
    LIMIT 1
  ) newest ON true
) schema ON true
