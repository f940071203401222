-- The newest deployment of a service ($3) in an environment ($1) at a moment ($2); details.sql goes on from it.
WITH deployment AS (
  SELECT * FROM deployments
  WHERE environment = $1 AND service = $3 AND occurred_at <= $2 AND status IN ('succeeded', 'removed')
  ORDER BY occurred_at DESC
  LIMIT 1
)
