/**
 * Texts with marks: `{field}` is a field's value now, `{old_field}` and `{new_field}` before and after the change,
 * `{client_name}`, `{visa_type_name}` … what records are called (event-context.ts says which there are), and
 * `{?field:text|other}` is `text` where the field is set, else `other`, which may be left out.
 */
const MARK = /\{([a-z][a-z0-9_]*)\}/g;
/** A mark with the space before it, which goes with it when there is no value. */
const SPACED_MARK = /( ?)\{([a-z][a-z0-9_]*)\}/g;
const CONDITIONAL =
  /\{\?([a-z][a-z0-9_]*):((?:[^{}|]|\{[a-z][a-z0-9_]*\})*)(?:\|((?:[^{}]|\{[a-z][a-z0-9_]*\})*))?\}/g;
const BRACES = /[{}]/;

/**
 * Fills a template. A mark without a value leaves nothing behind.
 * @param look a name's value; null or '' where there is none
 */
export function fillTemplate(template: string, look: (name: string) => string | null): string {
  const valueFor = (name: string) => look(name) ?? '';
  const decided = template.replaceAll(CONDITIONAL, (_all, name: string, set: string, empty = '') =>
    valueFor(name) === '' ? empty : set,
  );
  // The values come last, so that one which looks like a mark stays as it is.
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

/** What is wrong with a template's braces; null when nothing is. */
export function templateProblem(template: string): string | null {
  const rest = template.replaceAll(CONDITIONAL, '').replaceAll(MARK, '');
  return BRACES.test(rest) ? `a brace that belongs to no mark in "${template}"` : null;
}
