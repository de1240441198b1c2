import { isEmail } from '../../http/fields/e-mail.js';

const NAMED = /^(?:"(?:[^"\\\r\n]|\\[^\r\n])*"[ \t]*|[^"<>\r\n,;:@]*)<([^<>\s]+)>$/;

/**
 * Finds the address in `Name <name@example.com>` or `name@example.com`.
 * @returns null for any other text
 */
export function addressIn(sender: string): string | null {
  const address = NAMED.exec(sender)?.[1] ?? sender;
  return isEmail(address) ? address : null;
}

/**
 * Returns whether an agency may send from a domain: one of its own, or its parent (crm.acme.example may send as
 * acme.example), but not the parent of a domain that the platform gives to every agency. All agencies send through one
 * server, which would accept another agency's name too.
 * @param own the agency's domains
 * @param platform the domain under which every agency has one
 */
export function maySendFrom(domain: string, own: readonly string[], platform: string): boolean {
  const wanted = domain.toLowerCase();
  return own.some((each) => {
    const name = each.replace(/^\*\./, '');
    if (name === wanted) return true;
    const above = name.slice(name.indexOf('.') + 1);
    const isShared = above === platform || platform.endsWith(`.${above}`);
    return above === wanted && above.includes('.') && !isShared;
  });
}
