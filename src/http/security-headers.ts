/**
 * What every answer says to browsers. API answers are data: nothing in them may run, be framed or be sniffed into
 * another type. (Written as constants: building them per request cost more than all of routing.)
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};
