import { type RawBuilder, sql } from './queries.js';

// Texts that are the same but for Unicode's normal form: "é" may be one character, or "e" and an accent, as macOS writes it
// in names of files. What was typed is stored as it was typed.

/** Returns a text in the form in which names are compared without regard to case. */
export function caseless(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/** Tells whether two texts are the same, regardless of their normal forms. */
export function isSameText(one: string | null | undefined, other: string | null | undefined): boolean {
  return one?.normalize('NFC') === other?.normalize('NFC');
}

/** Returns the condition that a column has this text, in any normal form. @param column a constant in code: `r.name` */
export function isText(column: string, text: string): RawBuilder<boolean> {
  return sql`normalize(${sql.ref(column)}, NFC) = ${text.normalize('NFC')}::text`;
}

/** The same of a text that may be null, which no column holds, in whatever case. */
export function isTextInAnyCase(column: string, text: string | null): RawBuilder<boolean> {
  return sql`lower(normalize(${sql.ref(column)}, NFKC)) = lower(normalize(${text}::text, NFKC))`;
}

/** A column in the form of `caseless`. */
export function caselessColumn(column: string): RawBuilder<string> {
  return sql`lower(normalize(${sql.ref(column)}, NFC))`;
}
