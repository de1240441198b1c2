/** What of the driver's inside is used, and its own types do not tell. */
declare module 'pg/lib/utils.js' {
  const utils: {
    /** A parameter as it is sent: dates, arrays and objects as PostgreSQL reads them. */
    prepareValue(value: unknown): string | Buffer | null;
  };
  export default utils;
}
