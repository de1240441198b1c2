import { expect, it } from 'vitest';
import { circles } from './circles.js';
import { layerBreaches } from './layers.js';
import { sourceFile } from './sources.js';

it('finds a circle of folders that no two files form', () => {
  const files = [
    sourceFile('src/auth/user.ts', "import type { Tenant } from '../tenancy/tenant.js';"),
    sourceFile('src/tenancy/tenant.ts', ''),
    sourceFile('src/tenancy/owner.ts', "import { user } from '../auth/user.js';"),
  ];
  expect(circles(files)).toEqual([
    'src/auth → src/tenancy → src/auth: a circle of folders (src/auth/user.ts imports src/tenancy/tenant.ts; src/tenancy/owner.ts imports src/auth/user.ts)',
  ]);
});

it('finds a folder that imports from a folder inside it and is imported by it', () => {
  const files = [
    sourceFile('src/events/config.ts', "import { check } from './handlers/check.js';"),
    sourceFile('src/events/types.ts', ''),
    sourceFile('src/events/handlers/check.ts', "export type { Action } from '../types.js';"),
  ];
  expect(circles(files)).toEqual([
    expect.stringMatching('^src/events → src/events/handlers → src/events: a circle of folders'),
  ]);
});

it('finds a circle of files, be it of types alone', () => {
  const files = [
    sourceFile('src/auth/a.ts', "import type { B } from './b.js';"),
    sourceFile('src/auth/b.ts', "import {\n  type A,\n  a,\n} from './a.js';"),
  ];
  expect(circles(files)).toEqual(['src/auth/a.ts → src/auth/b.ts → src/auth/a.ts: a circle of imports']);
});

it('leaves folders alone that depend on each other one way', () => {
  const files = [
    sourceFile('src/auth/a.ts', "import { b } from '../tenancy/b.js';\nimport pg from 'pg';"),
    sourceFile('src/auth/c.ts', "const b = await import('../tenancy/b.js');"),
    sourceFile('src/tenancy/b.ts', ''),
  ];
  expect(circles(files)).toEqual([]);
});

it('holds types and dynamic imports to the layers, too', () => {
  expect(layerBreaches(sourceFile('src/database/a.ts', "import type { B } from '../auth/b.js';"))).toEqual([
    'imports src/auth/b.ts, which lies above it',
  ]);
  expect(layerBreaches(sourceFile('src/http/a.ts', "await import('../cli.js');"))).toEqual([
    'imports src/cli.ts, which lies above it',
  ]);
  expect(layerBreaches(sourceFile('src/novel/a.ts', ''))).toEqual([
    'belongs to no layer; name its folder in test/architecture/layers.ts',
  ]);
});
