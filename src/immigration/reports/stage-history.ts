import { sql } from '../../database/sql.js';
import { STAGES } from '../shared/client-fields.js';

// The history of clients' stages. Events are removed after a while, but the timeline entries that they leave are kept:
// the metadata of STAGE_CHANGED contains the new stage, its description the old one ("Client converted to CLIENT from
// LEAD"). Entries of one client are written in the order of the changes.

const stages = sql`${STAGES}::text[]`;

/**
 * The moves of clients from stage to stage, as a table: client_id, id (of the entry, in the order of the moves), at,
 * to_stage, from_stage (null where the description does not contain it).
 */
// Stages are ASCII, and sorted several times as fast in collation "C". OFFSET 0 extracts the two stages at once, so
// that the whole metadata is not carried through joins and sorts.
export const STAGE_MOVES = sql`(
  SELECT e.client_id, e.id, e.at, e.to_stage, CASE WHEN e.told = ANY (${stages}) THEN e.told END AS from_stage
  FROM (
    SELECT a.client_id, a.id, a.created_at AS at, (a.metadata ->> 'stage') COLLATE "C" AS to_stage,
           split_part(a.description, ' from ', 2) COLLATE "C" AS told
    FROM immigration_clientactivity a WHERE a.activity_type = 'STAGE_CHANGED' OFFSET 0
  ) e
  WHERE e.to_stage = ANY (${stages}))`;

/** The stages in their order, as a table: stage, place. */
export const STAGES_IN_ORDER = sql`(
  SELECT stage COLLATE "C" AS stage, place FROM unnest(${stages}) WITH ORDINALITY AS u (stage, place)) s`;

/** The present stage of a client `c`, comparable with those above. */
export const STAGE_NOW = sql`c.stage::text COLLATE "C"`;
