// No data is lost either way; but who says `customer` finds nothing any more.
const rename = (from, to) => (knex) =>
  knex.schema.alterTable("orders", (table) => table.renameColumn(from, to));
exports.up = rename("customer", "buyer");
exports.down = rename("buyer", "customer");
