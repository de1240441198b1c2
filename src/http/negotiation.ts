/** Returns the media types of an Accept header, in lower case, without those that it rejects (`q=0`). */
export function acceptedTypes(header: string | undefined): string[] {
  return (header ?? '').split(',').flatMap((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const refused = parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter));
    return refused || type === '' ? [] : [type];
  });
}

const JSON_RANGES = new Set(['*/*', 'application/*', 'application/json']);

/** Returns whether an Accept header allows JSON; a missing or empty one allows anything. */
export function acceptsJson(header: string | undefined): boolean {
  if (!header?.trim() || header === '*/*' || header === 'application/json') return true;
  return acceptedTypes(header).some((type) => JSON_RANGES.has(type));
}
