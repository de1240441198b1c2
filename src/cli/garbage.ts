import { setFlagsFromString } from 'node:v8';

/**
 * Growth of V8's old generation beyond the live objects before they are collected again, in percent. V8's own is up to
 * four times as many, the more memory the machine has.
 */
const GROWTH_PERCENT = 50;

/**
 * Lets V8's young generation grow as requests need it, and keeps the old one near its live objects. bin/leopard.js keeps
 * the young one small during the start, since it would then grow to 32 MiB and give nothing back for minutes.
 */
export function setGarbageLimits(): void {
  setFlagsFromString('--semi-space-growth-factor=2'); // V8's own
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
