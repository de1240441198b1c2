/** The media types that an Accept header names, in lower case, without those that it refuses (`q=0`). */
export function acceptedTypes(header: string | undefined): string[] {
  return (header ?? '').split(',').flatMap((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const refused = parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter));
    return refused || type === '' ? [] : [type];
  });
}

const JSON_RANGES = new Set(['*/*', 'application/*', 'application/json']);

/** Returns whether an Accept header lets the answer be JSON; where there is none, or an empty one, anything goes. */
export function acceptsJson(header: string | undefined): boolean {
  if (!header?.trim() || header === '*/*' || header === 'application/json') return true;
  return acceptedTypes(header).some((type) => JSON_RANGES.has(type));
}
