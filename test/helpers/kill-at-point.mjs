// Kills the process when it reaches a point of an operation on a tenant for the nth time: KILL_AT=kind/step/at, KILL_NTH=n. Preloaded with --import, see
// killed-operations.ts; the program itself knows nothing of it.
import { subscribe } from 'node:diagnostics_channel';

const wanted = process.env.KILL_AT;
let left = Number(process.env.KILL_NTH ?? 1);
subscribe('leopard:operation', ({ kind, step, at }) => {
  if (`${kind}/${step}/${at}` === wanted && --left === 0) process.kill(process.pid, 'SIGKILL');
});
