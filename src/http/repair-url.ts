const ESCAPES = /(?:%[0-9a-f]{2})+|%/gi;

/**
 * Repairs what does not decode in the path of a URL, as Django does: a lone `%` stands for itself, bytes that are not
 * UTF-8 become U+FFFD. Such a path then goes through the same checks as any other.
 * @example repairUrl('/a/%ff/?b=%') // '/a/%EF%BF%BD/?b=%'
 */
export function repairUrl(url: string): string {
  const end = url.indexOf('?');
  const path = end < 0 ? url : url.slice(0, end);
  if (!path.includes('%') || decodes(path)) return url;
  const repaired = path.replace(ESCAPES, (escapes) => {
    if (decodes(escapes)) return escapes;
    return escapes === '%' ? '%25' : '%EF%BF%BD';
  });
  return repaired + url.slice(path.length);
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
