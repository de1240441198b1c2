import { expect, it } from 'vitest';
import { testDatabase } from '../helpers/database.js';
it('clones', async () => { console.time('clone'); const d = await testDatabase(); console.timeEnd('clone'); console.time('drop'); await d.drop(); console.timeEnd('drop'); expect(1).toBe(1); });
