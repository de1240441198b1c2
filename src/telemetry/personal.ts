/** Texts in quotes, of any of the usual kinds. */
const QUOTED = /"[^"]*"|'[^']*'|`[^`]*`/g;
/** Names of tables, columns, properties and the like, which messages quote too. */
const NAME = /^.[a-z_][a-z\d_.]{0,62}.$/;
/** Words that contain an @, or that are long or hold many digits, such as addresses, tokens and numbers of passports. */
const WORD = /[^\s"'`()[\]{},;]+/g;
const LONGEST_WORD = 60;
const MOST_DIGITS = 4;

/**
 * Returns a message without what may be somebody's: quoted texts other than names in small letters, queries of
 * addresses, words with an `@`, with more than four digits or of more than 60 characters.
 */
export function withoutPersonal(text: string): string {
  return text
    .replaceAll(QUOTED, (quoted) => (NAME.test(quoted) ? quoted : '"…"'))
    .replaceAll(WORD, (word) => {
      const [bare = ''] = word.split('?', 1);
      const digits = bare.replaceAll(/\D/g, '').length;
      if (bare.includes('@') || bare.length > LONGEST_WORD || digits > MOST_DIGITS) return '…';
      return bare === word ? word : `${bare}?…`;
    });
}
