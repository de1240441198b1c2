/**
 * Placeholders of templates: `{field}` is a field's value now, `{old_field}` and `{new_field}` before and after the
 * change, `{client_name}`, `{visa_type_name}` … names of records (event-context.ts lists them), and
 * `{?field:text|other}` is `text` where the field is set, else `other`, which may be omitted.
 */
const MARK = /\{([a-z][a-z0-9_]*)\}/g;
/** A placeholder with the space before it, which is dropped when there is no value. */
const SPACED_MARK = /( ?)\{([a-z][a-z0-9_]*)\}/g;
const CONDITIONAL =
  /\{\?([a-z][a-z0-9_]*):((?:[^{}|]|\{[a-z][a-z0-9_]*\})*)(?:\|((?:[^{}]|\{[a-z][a-z0-9_]*\})*))?\}/g;
const BRACES = /[{}]/;

/**
 * Fills a template. A placeholder without a value leaves nothing behind.
 * @param look returns a name's value; null or '' where there is none
 */
export function fillTemplate(template: string, look: (name: string) => string | null): string {
  const valueFor = (name: string) => look(name) ?? '';
  const decided = template.replaceAll(CONDITIONAL, (_all, name: string, set: string, empty = '') =>
    valueFor(name) === '' ? empty : set,
  );
  // Values come last, so that one which looks like a placeholder stays as it is.
  const filled = decided.replaceAll(SPACED_MARK, (_all, space: string, name: string) => {
    const value = valueFor(name);
    return value === '' ? '' : space + value;
  });
  return filled.trim();
}

/** Returns the names in a template. */
export function namesIn(template: string): string[] {
  const conditions = [...template.matchAll(CONDITIONAL)].map(([, name]) => name as string);
  const marks = [...template.matchAll(MARK)].map(([, name]) => name as string);
  return [...new Set([...conditions, ...marks])];
}

/** Returns the error in a template's braces; null when there is none. */
export function templateProblem(template: string): string | null {
  const rest = template.replaceAll(CONDITIONAL, '').replaceAll(MARK, '');
  return BRACES.test(rest) ? `a brace that belongs to no mark in "${template}"` : null;
}
