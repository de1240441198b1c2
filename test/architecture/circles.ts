import { posix } from 'node:path';
import type { SourceFile } from './sources.js';

/** Finds circles of imports among files, and among the folders that hold them, one line each. */
export function circles(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  const byFile = new Map(files.map(({ path, imports }) => [path, imports.filter((name) => known.has(name))]));
  const byFolder = new Map<string, string[]>();
  /** For each pair of folders, the import that connects them. */
  const ties = new Map<string, string>();
  for (const [path, imports] of byFile) {
    const folder = posix.dirname(path);
    for (const target of imports) {
      const other = posix.dirname(target);
      if (other === folder) continue;
      byFolder.set(folder, [...(byFolder.get(folder) ?? []), other]);
      ties.set(`${folder} ${other}`, `${path} imports ${target}`);
    }
  }
  return [
    ...findCircles(byFile).map((circle) => `${circle.join(' → ')}: a circle of imports`),
    ...findCircles(byFolder).map((circle) => {
      const because = circle.slice(1).map((folder, index) => ties.get(`${circle[index]} ${folder}`));
      return `${circle.join(' → ')}: a circle of folders (${because.join('; ')})`;
    }),
  ];
}

/** Finds circles in a graph, each with its first node repeated as its last; not every one, but one if there is any. */
function findCircles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const found: string[][] = [];
  const visit = (node: string, above: readonly string[]) => {
    if (above.includes(node)) {
      found.push([...above.slice(above.indexOf(node)), node]);
      return;
    }
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...above, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}
