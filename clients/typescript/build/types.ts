import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTypes, { astToString, type OpenAPI3 } from 'openapi-typescript';
import ts from 'typescript';
import { readDocument } from './document.js';
import { withoutRepetitions } from './short-document.js';

// npm run types: writes the types of all operations from the program's OpenAPI document.

const FILE = fileURLToPath(new URL('../src/generated/api.ts', import.meta.url));
const HEAD = '// Made from the OpenAPI document by `npm run types`.\n\n';

const document = withoutRepetitions(await readDocument());
const types = await openapiTypes(document as unknown as OpenAPI3, {
  // A field with a default may be left out of a body.
  defaultNonNullable: false,
  transform: ({ format }) => (format === 'binary' ? ts.factory.createTypeReferenceNode('Blob') : undefined),
});
const text = HEAD + astToString(types);
// What is up to date keeps its time, for tools that compare times.
if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== text) {
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, text);
}
