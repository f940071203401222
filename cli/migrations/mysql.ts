/** MySQL and MariaDB, through `mysql2`. */
import { installedDriver } from "../optional-packages.ts";
import { CONNECT_MS, type Driver, QUERY_MS } from "./driver.ts";

/** Only the database that the address names, where it names one: a server holds others, too. */
const COLUMNS = `
  SELECT CAST(c.table_schema AS CHAR) AS \`schema\`, CAST(c.table_name AS CHAR) AS \`table\`,
         CAST(c.column_name AS CHAR) AS \`column\`, CAST(c.data_type AS CHAR) AS \`type\`
  FROM information_schema.columns c
  JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
  WHERE t.table_type = 'BASE TABLE' AND c.table_schema = COALESCE(DATABASE(), c.table_schema)
    AND c.table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')`;

export async function openMysql(url: string): Promise<Driver> {
  const { default: mysql } = await installedDriver("mysql2", () => import("mysql2/promise"));
  const connection = await mysql.createConnection({
    uri: url.replace(/^mariadb:/i, "mysql:"),
    connectTimeout: CONNECT_MS,
  });
  const query = async (sql: string): Promise<unknown> =>
    (await connection.query({ sql, timeout: QUERY_MS }))[0];
  const close = async () => connection.destroy();
  try {
    // For the whole session: if the transaction ends early, the next one must not be able to write.
    await query("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    await query("SET time_zone = '+00:00'");
    await query("START TRANSACTION WITH CONSISTENT SNAPSHOT");
  } catch (error) {
    await close();
    throw error;
  }
  return {
    engine: "MySQL",
    query,
    close,
    columns: COLUMNS,
    clock: "SELECT DATE_FORMAT(UTC_TIMESTAMP(3), '%Y-%m-%dT%H:%i:%s.%fZ') AS `now`",
    quoted: (name) => `\`${name.replaceAll("`", "``")}\``,
    asText: (column) => `CAST(${column} AS CHAR)`,
  };
}
