const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?)$/;
const LONGEST_HOST = 253;

/**
 * Returns the host name of a Host header: without port and final dot, in lower case; null when it is none.
 * @example hostName('Main.localhost:8000') // 'main.localhost'
 */
export function hostName(header: string | undefined): string | null {
  if (!header) return null;
  const name = header.toLowerCase().replace(/:\d{1,5}$/, '');
  if (name.length > LONGEST_HOST || !HOST.test(name) || name.includes('..')) return null;
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/**
 * Returns whether a request names its host more than once, which RFC 9112, section 3.2, requires to reject: a proxy in
 * front may have used another of them.
 * @param rawHeaders alternating names and values, as node:http gives them
 */
export function hasSeveralHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === 'host') hosts++;
  return hosts > 1;
}

/**
 * Returns the wildcard domain that may answer for a host of three or more labels, `*.` and all but the first; else
 * null.
 */
export function wildcardOf(host: string): string | null {
  const labels = host.split('.');
  return labels.length < 3 ? null : `*.${labels.slice(1).join('.')}`;
}

/** Returns whether this is a wildcard domain that wildcardOf returns for no host. */
export function answersNoHost(domain: string): boolean {
  return domain.startsWith('*.') && wildcardOf(`a${domain.slice(1)}`) === null;
}

/**
 * Returns whether the setting ALLOWED_HOSTS admits this host: `*`, the name itself, or `.example.com` for all below it.
 */
export function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  return allowed.some(
    (pattern) =>
      pattern === '*' ||
      pattern === host ||
      (pattern.startsWith('.') && (host.endsWith(pattern) || host === pattern.slice(1))),
  );
}
