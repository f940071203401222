export const answer = async (query) => {
  const [{ count }] = await query("SELECT count(*) FROM orders WHERE customer = 'acme'");
  return `release 1: acme has ${count} orders`;
};
