// The underscore is none of DNS's letters, but tenants' names may have it and browsers take it.
const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const LONGEST_DOMAIN = 253;

/** Returns whether the text, in lower case, can be a host's name: labels and dots, without port or final dot. */
export function isDomainName(text: string): boolean {
  return text.length <= LONGEST_DOMAIN && DOMAIN.test(text);
}
