import { sql } from '../../database/queries.js';

/** That a college application `r` stands in the last stage of its type. */
export const IN_FINAL_STAGE = sql<boolean>`NOT EXISTS (
  SELECT FROM immigration_stage s JOIN immigration_stage l
    ON l.application_type_id = s.application_type_id AND l.position > s.position
  WHERE s.id = r.stage_id)`;
