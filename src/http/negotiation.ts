/**
 * Whether an Accept header lets the answer be JSON. What cannot be read counts as not said, as browsers and proxies
 * send all kinds.
 */
export function acceptsJson(header: string | undefined): boolean {
  if (!header || header === '*/*' || header === 'application/json') return true;
  return header.split(',').some((range) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const refused = parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter));
    return !refused && (type === '*/*' || type === 'application/*' || type === 'application/json');
  });
}
