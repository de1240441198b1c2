import { sql } from '../../database/queries.js';
import { HAS_STAGE_AHEAD } from './expiring.js';

/** That a college application `r` stands in the last stage of its type. */
export const IN_FINAL_STAGE = sql<boolean>`NOT ${sql.raw(HAS_STAGE_AHEAD)}`;
