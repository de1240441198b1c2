import { type Sql, sql } from '../database/sql.js';

/** Returns the statement that demands a new password of a user at the next log-in. */
export function demandPassword(userId: number): Sql {
  return sql`INSERT INTO password_demand (user_id) VALUES (${userId}) ON CONFLICT (user_id) DO NOTHING`;
}

/** Returns the statement that ends the demand, once there is a new password. */
export function forgetDemand(userId: number): Sql {
  return sql`DELETE FROM password_demand WHERE user_id = ${userId}`;
}
