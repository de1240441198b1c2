// Builds the application into the folder given, with compressed forms of its files, a list of them, and the licences of
// the packages in it: node build.js FOLDER
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};
/** Bytes below which a compressed form is not worth a file. */
const LEAST = 500;

// Vite takes another value, such as that of a test run, for a wish for React's slower half with its checks.
process.env.NODE_ENV = 'production';
const { build } = await import('vite');

const folder = process.argv[2];
const fresh = `${folder}.new`;
const packages = new Set();

await build({
  root: fileURLToPath(new URL('.', import.meta.url)),
  logLevel: 'error',
  build: { outDir: fresh, emptyOutDir: true },
  plugins: [
    {
      name: 'packages',
      generateBundle(_options, bundle) {
        for (const chunk of Object.values(bundle))
          for (const id of Object.keys(chunk.modules ?? {})) {
            const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replace(/^\0/, ''));
            if (found) packages.add(found[1]);
          }
      },
    },
  ],
});

writeFileSync(join(fresh, 'licences.txt'), [...packages].sort().map(licenceOf).join('\n\n'));
const list = {};
for (const entry of readdirSync(fresh, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath, entry.name);
  const type = TYPES[extname(path)];
  if (!type) throw new Error(`${path}: add its media type to console/build.js`);
  const content = readFileSync(path);
  const encodings = [];
  if (content.length >= LEAST) {
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } };
    writeFileSync(`${path}.br`, brotliCompressSync(content, quality));
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
    encodings.push('br', 'gzip');
  }
  const etag = createHash('sha256').update(content).digest('base64url').slice(0, 22);
  list[relative(fresh, path).replaceAll('\\', '/')] = { type, etag, encodings };
}
writeFileSync(join(fresh, 'manifest.json'), JSON.stringify(list));

// Whoever is served meanwhile gets files of one build.
const old = `${folder}.old`;
rmSync(old, { recursive: true, force: true });
try {
  renameSync(folder, old);
} catch (error) {
  if (error.code !== 'ENOENT') throw error;
}
renameSync(fresh, folder);
rmSync(old, { recursive: true, force: true });

/** Returns a package's name, version and licence text. */
function licenceOf(path) {
  const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const file = readdirSync(path).find((each) => /^licen[cs]e/i.test(each));
  const text = file ? readFileSync(join(path, file), 'utf8').trim() : '';
  return `${name} ${version} (${license})\n\n${text}\n`;
}
