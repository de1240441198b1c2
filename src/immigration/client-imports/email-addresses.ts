import { caseless } from '../../database/same-text.js';

/** Placeholders that people enter in forms that require an address; they belong to nobody in particular. */
const PLACEHOLDER =
  /^(?:no|none|na|n\.a|nil|null|not?-?(?:available|applicable|provided|known)|no[-._]?(?:e-?)?mail|unknown|x{2,}|no-?reply|do-?not-?reply|dummy|noone|nobody)(?:[-._]?\d*)@/;

/** Returns an e-mail address in a form that is the same for any case and normal form; null for none or a placeholder. */
export function emailKey(text: string | undefined): string | null {
  const address = caseless(text?.trim() ?? '');
  return !address || PLACEHOLDER.test(address) ? null : address;
}
