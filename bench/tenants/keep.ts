import { Workshop } from '../workshop.js';
import { openScene } from './scene.js';
import { measureCreation } from './creating.js';
const workshop = await Workshop.open();
workshop.closeOnSignals();
const scene = await openScene(workshop, { tenants: Number(process.argv[2]), data: process.argv[3] }, console.error);
await measureCreation(scene);
console.log('up');
setInterval(() => {}, 1000);
