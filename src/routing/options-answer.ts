import { mediaTypes } from '../http/body-parsers.js';
import type { PathEntry } from './path-table.js';

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
