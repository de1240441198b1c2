import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { ok, type ProductionCheck, warning } from '../check.js';

const MEBIBYTE = 1024 * 1024;
/** Memory of a process beyond its heap: code, buffers, pictures and password hashing, in bytes. */
const BESIDE_HEAP = 250 * MEBIBYTE;
/** Fraction of the machine that one process may take. */
const SHARE = 0.75;
/** Heap below which lists and exports of a large agency may fail, in bytes. */
const SMALLEST_HEAP = 256 * MEBIBYTE;

/** Checks that Node collects garbage before the machine, or the container, runs out of memory. */
export const memoryCheck: ProductionCheck = {
  name: 'memory',
  async run() {
    const machine = memoryOfMachine();
    const heap = getHeapStatistics().heap_size_limit;
    const fitting = Math.floor((SHARE * machine - BESIDE_HEAP) / MEBIBYTE);
    const [machineMiB, heapMiB] = [machine, heap].map((bytes) => Math.floor(bytes / MEBIBYTE));
    if (heap < SMALLEST_HEAP)
      return [
        warning(
          `Node may use ${heapMiB} MiB for its heap, too few for exports and pages of large agencies`,
          'set NODE_OPTIONS=--max-old-space-size=512, or more',
        ),
      ];
    if (heap + BESIDE_HEAP > SHARE * machine)
      return [
        warning(
          `Node may use ${heapMiB} MiB for its heap, and the machine or container has ${machineMiB} MiB in all`,
          `set NODE_OPTIONS=--max-old-space-size=${Math.max(fitting, 256)}, or give it more memory`,
        ),
      ];
    return [ok(`one process uses at most ${heapMiB} MiB of heap, of ${machineMiB} MiB`)];
  },
};

/** Returns the memory of the machine or, where it has less, of the container, in bytes. */
function memoryOfMachine(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}
