export const answer = async (query) => {
  // Here is what nobody noticed in time: customers are written in lower case.
  const [{ count }] = await query("SELECT count(*) FROM orders WHERE buyer = 'ACME'");
  return `release 2: acme has ${count} orders`;
};
