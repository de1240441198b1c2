/**
 * Security headers of every answer. API answers are data: nothing in them may run, be framed or be sniffed as another
 * type. (Constants, because building them per request cost more than all of routing.)
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};
