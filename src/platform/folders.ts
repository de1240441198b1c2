import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Returns the path itself where something is there, else the nearest folder above it that is. */
export function nearestExisting(path: string): string {
  const above = dirname(path);
  return above === path || isThere(path) ? path : nearestExisting(above);
}

/** Why this process can neither write into the folder nor, where it is not there, make it; null: it can. */
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

/** Returns a link that leads nowhere is there too: no folder can be made in its place. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
