import { accessSync, constants, lstatSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Returns what the system knows of a path, through links; undefined where nothing is there, a file stands in its way or
 * this user may not look.
 */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Returns the path itself if it exists, else its nearest existing ancestor. */
export function nearestExisting(path: string): string {
  const above = dirname(path);
  return above === path || isThere(path) ? path : nearestExisting(above);
}

/** Returns why this process can neither write to the folder nor, where it is missing, create it; null if it can. */
export function whyNotWritable(folder: string): string | null {
  const found = nearestExisting(folder);
  try {
    if (!statSync(found).isDirectory()) return `${found} is a file`;
    accessSync(found, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Returns whether a path exists. A dangling link does: no folder can be created in its place. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
