/** An expression for the time zone of a tenant, a row `t`; UTC where it has set none. */
export const TIME_ZONE_OF_TENANT = `coalesce(t.settings ->> 'time_zone', 'UTC')`;

/** Whether this names a time zone of the IANA's database: `Asia/Kathmandu`. */
export function isTimeZone(name: string): boolean {
  if (/^[-+]/.test(name)) return false; // an offset, which PostgreSQL reads the other way round
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
