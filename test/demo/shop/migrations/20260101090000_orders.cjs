exports.up = (knex) =>
  knex.schema.createTable("orders", (table) => {
    table.increments();
    table.text("customer").notNullable();
  });
exports.down = (knex) => knex.schema.dropTable("orders");
