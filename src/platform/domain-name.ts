// The underscore is no letter of DNS, but tenants' names may contain it and browsers accept it.
const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const LONGEST_DOMAIN = 253;

/** Returns whether the text, in lower case, can be a host name: labels and dots, without port or final dot. */
export function isDomainName(text: string): boolean {
  return text.length <= LONGEST_DOMAIN && DOMAIN.test(text);
}
