import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LAYERS } from './layers.js';
import { ROOT } from './sources.js';

export const DOCUMENT = join(ROOT, 'docs/architecture.md');

const TREE = /(?<=^## What lies where\n[^#]*?^```\n).*?(?=^```$)/ms;
/** The block of code after the heading "Layers". */
const PICTURE = /(?<=^## Layers\n[^#]*?^```\n).*?(?=^```$)/ms;

/** Returns the layout that the document claims and the code does not have, given its text and the drawn layers. */
export function documentBreaches(text: string, picture: string): string[] {
  const tree = TREE.exec(text)?.[0] ?? '';
  const files = new Set(
    ['src', 'migrations', 'bin'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => basename(path)),
    ),
  );
  const named = [...tree.matchAll(/(?<![\w*/-])[\w-]+\.(?:ts|sql|js)\b/g)].map(([name]) => name);
  return [
    ...named.filter((name) => !files.has(name)).map((name) => `names ${name}, which does not exist`),
    ...LAYERS.flat()
      .filter((folder) => !new RegExp(`^  (?:\\S+ +)?${folder}/(?: |$)`, 'm').test(tree))
      .map((folder) => `does not say what lies in src/${folder}/`),
    ...(PICTURE.exec(text)?.[0] === picture
      ? []
      : ['shows other layers; run `npm run architecture`, which draws them']),
  ].map((breach) => `docs/architecture.md ${breach}`);
}

/** Returns the document's text with the layers as drawn. */
export function withLayers(text: string, picture: string): string {
  return text.replace(PICTURE, () => picture);
}
