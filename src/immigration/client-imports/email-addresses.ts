import { caseless } from '../../database/same-text.js';

/** What forms that insist on an address are given by those who have none; it is nobody's in particular. */
const PLACEHOLDER =
  /^(?:no|none|na|n\.a|nil|null|not?-?(?:available|applicable|provided|known)|no[-._]?(?:e-?)?mail|unknown|x{2,}|no-?reply|do-?not-?reply|dummy|noone|nobody)(?:[-._]?\d*)@/;

/** The form in which the same e-mail address is known in any case and normal form; null for none, and for what stands for none. */
export function emailKey(text: string | undefined): string | null {
  const address = caseless(text?.trim() ?? '');
  return !address || PLACEHOLDER.test(address) ? null : address;
}
