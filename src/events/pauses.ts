import { sql } from '../database/sql.js';

/** The SQL condition that a row of `event_pause`, or of the switch for everything, is in effect. */
export const PAUSE_IS_ON = sql<boolean>`(paused_until IS NULL OR paused_until > clock_timestamp())`;
