import { type Sql, sql } from '../database/sql.js';

/** Returns the statement that ends the demand, once there is a new password. */
export function forgetDemand(userId: number): Sql {
  return sql`DELETE FROM password_demand WHERE user_id = ${userId}`;
}
