// Kills the process at a point of an operation on a tenant: KILL_AT=kind/step/at. Preloaded with --import, see
// killed-operations.ts; the program itself knows nothing of it.
import { subscribe } from 'node:diagnostics_channel';

const wanted = process.env.KILL_AT;
subscribe('leopard:operation', ({ kind, step, at }) => {
  if (`${kind}/${step}/${at}` === wanted) process.kill(process.pid, 'SIGKILL');
});
