/** Operations that are served although the contract does not know them. */
export const OPERATIONS_BEYOND: readonly string[] = [
  'GET /',
  'DELETE /api/v1/sessions/{id}/',
  'GET /api/v1/sessions/',
  'POST /api/v1/sessions/end-all/',
  'POST /api/v1/users/change-password/',
  'POST /api/v1/users/{id}/set-password/',
  'GET /api/v1/clients/export/',
  'GET /api/v1/client-imports/',
  'POST /api/v1/client-imports/',
  'GET /api/v1/client-imports/{id}/',
  'PATCH /api/v1/client-imports/{id}/',
  'DELETE /api/v1/client-imports/{id}/',
  'POST /api/v1/client-imports/{id}/encoding/',
  'POST /api/v1/client-imports/{id}/dry-run/',
  'POST /api/v1/client-imports/{id}/run/',
  'POST /api/v1/client-imports/{id}/cancel/',
  'POST /api/v1/client-imports/{id}/undo/',
  'GET /api/v1/client-imports/{id}/failures/',
  'GET /api/v1/client-imports/{id}/not-undone/',
  'GET /api/v1/search/',
  'GET /api/v1/deadlines/',
  'GET /api/v1/audit/',
  'GET /api/v1/audit/{id}/',
  'POST /api/v1/visa-categories/',
  'GET /api/v1/visa-categories/{id}/',
  'PUT /api/v1/visa-categories/{id}/',
  'PATCH /api/v1/visa-categories/{id}/',
  'DELETE /api/v1/visa-categories/{id}/',
  'GET /api/public/branding/',
  'GET /api/v1/agency-settings/',
  'PATCH /api/v1/agency-settings/',
  'GET /api/v1/starter-catalogues/',
  'POST /api/v1/starter-catalogues/load/',
  'GET /api/v1/reports/',
  'GET /api/v1/reports/client-stages/',
  'GET /api/v1/reports/stage-conversions/',
  'GET /api/v1/reports/time-in-stage/',
  'GET /api/v1/reports/visa-applications/',
  'GET /api/v1/reports/visa-decisions/',
  'GET /api/v1/reports/college-applications/',
  'GET /api/v1/reports/workload/',
  'GET /api/v1/reports/lead-sources/',
];

/** Fields of bodies that are served although the contract does not know them, as `METHOD /path field`. */
export const FIELDS_BEYOND: readonly string[] = [
  'POST /api/v1/language-proficiencies/ remind_days_before',
  'PUT /api/v1/language-proficiencies/{id}/ remind_days_before',
  'PATCH /api/v1/language-proficiencies/{id}/ remind_days_before',
  'POST /api/v1/passports/ remind_days_before',
  'POST /api/v1/passports/upsert/ remind_days_before',
  'PUT /api/v1/passports/{client_id}/ remind_days_before',
  'PATCH /api/v1/passports/{client_id}/ remind_days_before',
];

/** Query parameters that are served although the contract does not know them, as `METHOD /path ?parameter`. */
export const PARAMETERS_BEYOND: readonly string[] = [
  'GET /api/v1/college-applications/ ?assigned_to',
  'GET /api/v1/college-applications/ ?created_after',
  'GET /api/v1/college-applications/ ?created_before',
  'GET /api/v1/college-applications/ ?created_by',
];

/** Fields of answers that are served although the contract does not know them, as `METHOD /path >field.of.field`. */
export const ANSWERS_BEYOND: readonly string[] = [
  'GET /api/v1/visa-applications/dashboard-statistics/ >status_breakdown.TOTAL',
];
