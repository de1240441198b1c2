import { mediaTypes } from '../http/body-parsers.js';
import type { PathEntry } from './path-table.js';

/** What OPTIONS tells of a path: its name, what it is for, and the media types that it writes and reads. */
export function optionsAnswer({ routes }: PathEntry) {
  const upload = routes.some((route) => route.upload);
  return {
    name: routes[0]?.tag ?? '',
    description: routes.map((route) => route.summary).join(' '),
    renders: ['application/json'],
    parses: mediaTypes(upload),
  };
}
