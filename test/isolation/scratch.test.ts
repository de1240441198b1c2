import {test} from 'vitest';
import {testDatabase} from '../helpers/database.js';
import {WriteWatch} from '../helpers/written.js';
test('x', async()=>{
 const d=await testDatabase(); const w=await WriteWatch.open(d);
 await w.state(); let t=performance.now(); for(let i=0;i<50;i++) await w.state(); console.log((performance.now()-t)/50);
 const s = await w.state(); console.log(Object.keys(s).length, s['tenant_main.auth_permission']);
 await w.close(); await d.drop();
});
