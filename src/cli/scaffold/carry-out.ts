import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PlainError } from '../../platform/plain-error.js';
import { withInsertion } from './insertion.js';
import { pageBlocks, sectionOf } from './page-blocks.js';
import type { Recipe } from './recipes.js';
import { renamed } from './word-forms.js';

/** The outcome of a scaffold. Paths are from the project's root. */
export interface Scaffolded {
  readonly created: readonly string[];
  readonly changed: readonly string[];
  /** Differences whose place was not found. */
  readonly notPlaced: readonly { readonly file: string; readonly difference: string }[];
}

/**
 * Writes the files of a recipe, and adds its lines to existing ones.
 * @param root the project's folder
 * @throws PlainError, with nothing written, when a file exists
 */
export function carryOut(root: string, recipe: Recipe): Scaffolded {
  const { names, pathOf = (file) => file } = recipe;
  const page = readFileSync(join(root, recipe.page), 'utf8');
  const blocks = pageBlocks(recipe.section === undefined ? page : sectionOf(page, recipe.section)).map(
    ({ file, language, code }) => ({
      file: pathOf(renamed(file, names)),
      language,
      code: renamed(code, names),
    }),
  );
  const files = blocks
    .filter(({ language }) => language !== 'diff')
    .map(({ file, code }) => ({ file: newPath(root, file), code }));

  const texts = new Map<string, string>();
  const notPlaced: { file: string; difference: string }[] = [];
  for (const { file, language, code } of blocks) {
    if (language !== 'diff') continue;
    const text = texts.get(file) ?? readFileSync(join(root, file), 'utf8');
    const changed = withInsertion(text, code);
    if (changed === null) notPlaced.push({ file, difference: code });
    else texts.set(file, changed);
  }
  for (const { file, code } of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), code, { flag: 'wx' });
  }
  for (const [file, text] of texts) writeFileSync(join(root, file), text);
  return { created: files.map(({ file }) => file), changed: [...texts.keys()], notPlaced };
}

/** Returns the path of a file to be made; a migration gets the next number. @throws PlainError when the file exists */
function newPath(root: string, file: string): string {
  const [, folder = '', name] = /^(migrations\/\w+)\/NNNN_(.+)$/.exec(file) ?? [];
  if (name === undefined) {
    if (existsSync(join(root, file))) throw new PlainError(`${file} exists; nothing was written`);
    return file;
  }
  const numbered = readdirSync(join(root, folder)).filter((one) => one.endsWith('.sql'));
  const same = numbered.find((one) => one.replace(/^\d+_/, '') === name);
  if (same !== undefined) throw new PlainError(`${folder}/${same} exists; nothing was written`);
  return `${folder}/${String(numbered.length + 1).padStart(4, '0')}_${name}`;
}
