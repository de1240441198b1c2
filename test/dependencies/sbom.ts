import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../architecture/sources.js';
import { isForeign, nameOf } from './licences.js';
import { readSources } from './vendored-files.js';

// npm run sbom: prints the bill of materials (CycloneDX) of what is shipped: npm's own, from the lock file, with the
// packages of which single files were taken.

interface Component {
  readonly 'bom-ref': string;
}

const npm = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
const bill = JSON.parse(execFileSync('npm', npm, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 }));
const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));

// Not by npm's --omit=dev, which also leaves out packages of ours that a tool depends on too.
type Locked = { readonly version: string; readonly dev?: boolean; readonly link?: boolean };
// What the console's build puts into its files is shipped with them.
const inConsole = bundled(packages);
const names = Object.entries(packages as Record<string, Locked>)
  .filter(([path, locked]) => isForeign(path, locked) && (locked.dev !== true || inConsole.has(path)))
  .map(([path, { version }]) => `${nameOf(path)}@${version}`);
const ours = new Set(names);
const shipped = (bill.components as Component[]).filter((component) => ours.has(component['bom-ref']));
const refs = new Set([
  bill.metadata.component['bom-ref'],
  ...shipped.map((component) => component['bom-ref']),
]);
const vendored = readSources().map(({ name, version, license, integrity, files }) => ({
  'bom-ref': `${name}@${version}`,
  type: 'library',
  name,
  version,
  scope: 'required',
  purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
  properties: Object.keys(files).map((file) => ({ name: 'leopard:file', value: `data/api-docs/${file}` })),
  hashes: [
    { alg: 'SHA-512', content: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') },
  ],
  licenses: [{ license: { id: license } }],
}));
bill.components = [...shipped, ...vendored];
bill.dependencies = bill.dependencies
  .filter(({ ref }: { ref: string }) => refs.has(ref))
  .map(({ ref, dependsOn }: { ref: string; dependsOn: string[] }) => ({
    ref,
    dependsOn: dependsOn.filter((other) => refs.has(other)),
  }));
console.log(JSON.stringify(bill, null, 2));

/** Returns the places in the lock file of the packages that run in the console, with what they depend on. */
function bundled(
  locked: Record<string, { devDependencies?: object; dependencies?: object }>,
): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (name: string) => {
    const path = `node_modules/${name}`;
    if (found.has(path) || !locked[path]) return;
    found.add(path);
    for (const each of Object.keys(locked[path].dependencies ?? {})) add(each);
  };
  const isTool = (name: string) => /^(@types\/|vite$|@vitejs\/)/.test(name);
  for (const name of Object.keys(locked.console?.devDependencies ?? {})) if (!isTool(name)) add(name);
  return found;
}
