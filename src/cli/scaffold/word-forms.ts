/** The forms in which code writes a name of one or more words. */
export interface WordForms {
  /** `payment-plan`, for files and paths. */
  readonly kebab: string;
  /** `payment_plan`, for tables. */
  readonly snake: string;
  /** `paymentPlan` */
  readonly camel: string;
  /** `PaymentPlan` */
  readonly pascal: string;
  /** `payment plan` */
  readonly words: string;
  /** `paymentplan`, for content types and permissions. */
  readonly joined: string;
}

/** Returns the forms of a name in lower case with hyphens. */
export function wordForms(kebab: string): WordForms {
  const words = kebab.split('-');
  const capitals = words.map((word) => (word[0] ?? '').toUpperCase() + word.slice(1));
  const pascal = capitals.join('');
  return {
    kebab,
    snake: words.join('_'),
    camel: (words[0] ?? '') + capitals.slice(1).join(''),
    pascal,
    words: words.join(' '),
    joined: words.join(''),
  };
}

/** Returns the plural of a name, by the usual rules of spelling; irregular ones must be given. */
export function pluralOf(kebab: string): string {
  if (/[^aeiou]y$/.test(kebab)) return `${kebab.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/.test(kebab) ? `${kebab}es` : `${kebab}s`;
}

/** Returns a text in which names are replaced by others, in all of their forms. */
export function renamed(text: string, pairs: readonly (readonly [from: string, to: string])[]): string {
  const replacements = new Map<string, string>();
  for (const [from, to] of pairs) {
    const [old, fresh] = [wordForms(from), wordForms(to)];
    for (const form of Object.keys(old) as (keyof WordForms)[]) replacements.set(old[form], fresh[form]);
    replacements.set(`a ${old.words}`, `${/^[aeiou]/.test(to) ? 'an' : 'a'} ${fresh.words}`);
  }
  const longestFirst = [...replacements].sort(([one], [other]) => other.length - one.length);
  const marked = longestFirst.reduce((marks, [form], place) => marks.replaceAll(form, `\0${place}\0`), text);
  return longestFirst.reduce((done, [, form], place) => done.replaceAll(`\0${place}\0`, form), marked);
}
