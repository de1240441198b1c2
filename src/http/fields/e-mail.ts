import { domainToASCII } from 'node:url';

// A dot-atom or quoted local part and a domain of dotted labels, as in Django's EmailValidator.
const LOCAL_PART =
  /^(?:[-!#$%&'*+/=?^_`{}|~0-9a-z]+(?:\.[-!#$%&'*+/=?^_`{}|~0-9a-z]+)*|"(?:[\x21\x23-\x5b\x5d-\x7e]|\\[\x21-\x7e])*")$/i;
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z0-9-]{2,63}(?<!-))$/i;

/** Returns whether this is an e-mail address by Django's rules. */
export function isEmail(address: string): boolean {
  const at = address.lastIndexOf('@');
  if (at < 1 || address.length > 320) return false;
  const domain = domainToASCII(address.slice(at + 1)); // names of any script
  return (
    LOCAL_PART.test(address.slice(0, at)) && (DOMAIN.test(domain) || domain.toLowerCase() === 'localhost')
  );
}
