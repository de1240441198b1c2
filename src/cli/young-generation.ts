import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8's young generation grow as requests need it. bin/leopard.js keeps it small during the start, since it would
 * then grow to 32 MiB and give nothing back for minutes.
 */
export function letYoungGenerationGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2'); // V8's own
}
