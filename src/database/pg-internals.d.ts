/** Internals of the driver that are used here and that its own types do not declare. */
declare module 'pg/lib/utils.js' {
  const utils: {
    /** Returns a parameter in wire format: dates, arrays and objects as PostgreSQL reads them. */
    prepareValue(value: unknown): string | Buffer | null;
  };
  export default utils;
}
