import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

const CLIENT = 'clients/typescript';
/** The folders whose files keep the rules. */
export const FOLDERS = ['src', 'test', 'bench', `${CLIENT}/src`, `${CLIENT}/build`, `${CLIENT}/test`];

export interface SourceFile {
  /** Path from the project's root. */
  readonly path: string;
  readonly text: string;
  /** The imports, types included: paths from the project's root, and names of packages. */
  readonly imports: readonly string[];
}

const IMPORT = /^(?:import|export)\s+(?:type\s+)?(?:[^'";]*?\s+from\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm;

/** Reads all TypeScript files of a folder, recursively, without generated ones. */
export function sourceFiles(directory: string): SourceFile[] {
  return readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => posix.join(directory, name))
    .filter((path) => !path.includes('/generated/'))
    .map((path) => sourceFile(path, readFileSync(join(ROOT, path), 'utf8')));
}

/** Parses a file's imports. */
export function sourceFile(path: string, text: string): SourceFile {
  const imports = [...text.matchAll(IMPORT)].map(([, from, dynamic]) =>
    resolved(path, (from ?? dynamic) as string),
  );
  return { path, text, imports };
}

function resolved(path: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
}

export const isTest = (path: string) => path.endsWith('.test.ts');
