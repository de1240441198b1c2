import { rmSync } from 'node:fs';

// Files of an earlier build would be published too.
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
