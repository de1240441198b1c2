/**
 * An expression for the settings in a tenant's row as they can be added to: a row that a hand has written may hold
 * JSON of another kind than an object, which counts as none.
 */
export const SETTINGS = `CASE jsonb_typeof(settings) WHEN 'object' THEN settings ELSE '{}'::jsonb END`;
