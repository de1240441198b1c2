import { type Sql, sql } from './sql.js';

// Compares texts regardless of Unicode's normal form: "é" may be one character, or "e" and an accent, as in file names of
// macOS. Texts are stored as they were typed.

/** Returns a text in the form in which names are compared case-insensitively. */
export function caseless(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/** Returns whether two texts are the same, regardless of their normal forms. */
export function isSameText(one: string | null | undefined, other: string | null | undefined): boolean {
  return one?.normalize('NFC') === other?.normalize('NFC');
}

/** Returns the condition that a column has this text, in any normal form. @param column a constant in code: `r.name` */
export function isText(column: string, text: string): Sql<boolean> {
  return sql`normalize(${sql.ref(column)}, NFC) = ${text.normalize('NFC')}::text`;
}

/** Returns the condition that a column has this text, ignoring case and compatibility forms. Null matches nothing. */
export function isTextInAnyCase(column: string, text: string | null): Sql<boolean> {
  return sql`lower(normalize(${sql.ref(column)}, NFKC)) = lower(normalize(${text}::text, NFKC))`;
}

/** Returns a column in the form of `caseless`. */
export function caselessColumn(column: string): Sql<string> {
  return sql`lower(normalize(${sql.ref(column)}, NFC))`;
}
