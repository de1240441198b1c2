import { BlockList, isIP } from 'node:net';
import { isSocketFile } from './listen-settings.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Returns whether a program that listens at this host is reached from this machine only. */
function isLoopback(host: string): boolean {
  if (isSocketFile(host)) return true;
  const address = host.replace(/^\[|\]$/g, '');
  const version = isIP(address);
  if (version === 0) return address === 'localhost' || address.endsWith('.localhost');
  return LOOPBACK.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/** A warning about the demonstration data's log-ins where others can use them. */
export const PUBLISHED_LOGINS =
  'everybody knows these passwords, and others than this machine reach the program: change them, or delete the agencies';

/** Returns whether others than developers can reach the program, so that published log-ins must not work. */
export function isExposed({ debug, host }: { readonly debug: boolean; readonly host: string }): boolean {
  return !debug && !isLoopback(host);
}
