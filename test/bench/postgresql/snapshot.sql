-- The newest deployment of each service in an environment ($1) at a moment ($2); details.sql goes on from them.
WITH deployment AS (
  SELECT DISTINCT ON (service) * FROM deployments
  WHERE environment = $1 AND occurred_at <= $2 AND status IN ('succeeded', 'removed')
  ORDER BY service, occurred_at DESC
)
