import { mediaTypes } from '../http/body-parsers.js';
import { requiredPolicy } from './policy.js';
import type { RouteDefinition } from './route.js';

/** A path with everything that it supports. */
export interface PathEntry {
  readonly path: string;
  /** The Allow header. */
  readonly allow: string;
  readonly routes: readonly RouteDefinition[];
  /** Whether its routes need no log-in. */
  readonly isPublic: boolean;
}

const ORDER = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * The table of all API paths, which knows what a path allows when the router only knows that the method does not match.
 */
export class PathTable {
  readonly #byPath = new Map<string, PathEntry>();
  readonly #patterns: { readonly pattern: RegExp; readonly entry: PathEntry }[] = [];

  /** @throws Error for a route without a policy */
  constructor(routes: readonly RouteDefinition[]) {
    for (const [path, group] of groupByPath(routes)) {
      const entry: PathEntry = {
        path,
        allow: allowHeader(group),
        routes: group,
        isPublic: group.every(
          ({ method, policy }) => requiredPolicy(`${method} ${path}`, policy).kind === 'public',
        ),
      };
      this.#byPath.set(path, entry);
      const pattern = path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+');
      this.#patterns.push({ pattern: new RegExp(`^${pattern}$`), entry });
    }
    // Paths without parameters come first: `clients/stage-counts/` before `clients/:id/`.
    this.#patterns.sort((a, b) => Number(a.entry.path.includes(':')) - Number(b.entry.path.includes(':')));
  }

  /** Finds a path as its route declares it. */
  entry(path: string): PathEntry {
    const entry = this.#byPath.get(path);
    if (!entry) throw new Error(`no route declares ${path}`);
    return entry;
  }

  /** Finds a path that a client sent and that a route declares literally. */
  literal(path: string): PathEntry | undefined {
    return this.#byPath.get(path);
  }

  /** Finds the path that matches what a client sent. */
  find(path: string): PathEntry | undefined {
    return this.#patterns.find(({ pattern }) => pattern.test(path))?.entry;
  }
}

function groupByPath(routes: readonly RouteDefinition[]): Map<string, RouteDefinition[]> {
  const groups = new Map<string, RouteDefinition[]>();
  for (const route of routes) groups.set(route.path, [...(groups.get(route.path) ?? []), route]);
  return groups;
}

function allowHeader(routes: readonly RouteDefinition[]): string {
  const methods = ORDER.filter((method) => routes.some((route) => route.method === method));
  const head = routes.some((route) => route.method === 'GET' && route.head !== false);
  return [...methods, ...(head ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}

/** Returns what OPTIONS answers for a path: its name, its purpose, and the media types that it writes and reads. */
export function optionsAnswer({ routes }: PathEntry) {
  const upload = routes.some((route) => route.upload);
  return {
    name: routes[0]?.tag ?? '',
    description: routes.map((route) => route.summary).join(' '),
    renders: ['application/json'],
    parses: mediaTypes(upload),
  };
}

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
