import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FOLDER, readSources, SOURCES, sha256, type VendoredPackage } from './vendored-files.js';

// npm run vendor: takes the files named in sources.json out of the packages' published archives. For another version,
// change its number and integrity (npm view <name>@<version> dist.integrity) there first.

const folder = mkdtempSync(join(tmpdir(), 'leopard-vendor-'));
try {
  const packages = readSources().map((source): VendoredPackage => {
    const { name, version, integrity } = source;
    const args = ['pack', `${name}@${version}`, '--json', '--ignore-scripts', '--pack-destination', folder];
    const [{ filename }] = JSON.parse(execFileSync('npm', args, { encoding: 'utf8' }));
    const archive = join(folder, filename);
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== integrity) throw new Error(`${name}@${version} is not what sources.json names: ${found}`);
    const files = Object.entries(source.files).map(([as, { from }]) => {
      const content = execFileSync('tar', ['-xzOf', archive, `package/${from}`], { maxBuffer: 2 ** 26 });
      writeFileSync(join(FOLDER, as), content);
      return [as, { from, sha256: sha256(content) }] as const;
    });
    return { ...source, files: Object.fromEntries(files) };
  });
  writeFileSync(SOURCES, `${JSON.stringify(packages, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
