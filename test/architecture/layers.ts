import { isTest, type SourceFile } from './sources.js';

/** The folders of src/, lower layers first; a folder may import from its own layer and those below. */
export const LAYERS: readonly (readonly string[])[] = [
  ['platform'],
  ['config', 'background'],
  ['database', 'telemetry'],
  ['kinds'],
  ['http', 'tenancy', 'catalogues'],
  ['jobs'],
  ['auth'],
  ['routing', 'events'],
  ['storage', 'schema', 'deliveries', 'live', 'metrics', 'console'],
  ['provisioning'],
  ['backup'],
  ['immigration', 'moving', 'operators'],
  ['seed', 'production'],
  ['app'],
  ['cli'],
];

/** Returns the folder of src/ that a file belongs to, `cli` for cli.ts; undefined outside src/. */
function folderOf(path: string): string | undefined {
  return /^src\/(\w+)(?:\/|\.ts$)/.exec(path)?.[1];
}

const layerOf = (path: string) => LAYERS.findIndex((folders) => folders.includes(folderOf(path) ?? ''));

/** Returns the violations of the layers by a file. */
export function layerBreaches({ path, imports }: SourceFile): string[] {
  if (!path.startsWith('src/') || isTest(path)) return [];
  const layer = layerOf(path);
  if (layer < 0) return ['belongs to no layer; name its folder in test/architecture/layers.ts'];
  return imports
    .filter((target) => layerOf(target) > layer)
    .map((target) => `imports ${target}, which lies above it`);
}

/**
 * Draws the layers, the highest first: one folder per line, after its layer's number, with the folders that it imports.
 */
export function drawLayers(files: readonly SourceFile[]): string {
  const width = Math.max(...LAYERS.flat().map((folder) => folder.length));
  const highestFirst = LAYERS.flat().reverse();
  const lines = highestFirst.map((folder) => {
    const layer = String(LAYERS.findIndex((folders) => folders.includes(folder)) + 1);
    const imports = files
      .filter(({ path }) => folderOf(path) === folder && !isTest(path))
      .flatMap((file) => file.imports.map(folderOf));
    const others = highestFirst.filter((other) => other !== folder && imports.includes(other));
    const name = `${layer.padStart(2)} ${folder.padEnd(width)} ${others.length > 0 ? '→' : ''}`;
    return wrapped(name, others);
  });
  return `${lines.join('\n')}\n`;
}

const LINE_WIDTH = 110;

function wrapped(start: string, words: readonly string[]): string {
  const lines = [start];
  for (const word of words) {
    const line = lines.at(-1)!;
    if (line.length + word.length >= LINE_WIDTH) lines.push(`${' '.repeat(start.length)} ${word}`);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}
