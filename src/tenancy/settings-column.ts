/**
 * SQL for a tenant's settings as an object to which keys can be added: a row written by hand may hold JSON of another
 * type, which counts as empty.
 */
export const SETTINGS = `CASE jsonb_typeof(settings) WHEN 'object' THEN settings ELSE '{}'::jsonb END`;
