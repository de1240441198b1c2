/**
 * Returns the name of a function while the triggers of a new schema are created, after which it is renamed. PostgreSQL
 * looks a function up among those of that name in all schemas: under its own name, the thousandth tenant's triggers would
 * take a thousand times the look-ups of the first one's.
 */
export function passingName(name: string): string {
  return `new_${name}`.slice(0, 63);
}
