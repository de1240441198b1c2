import { hashPassword, verifyPassword } from '../src/auth/passwords.js';
import { answerCalls } from './child.js';
import { closedLoop, type LoopOptions, type Sample } from './closed-loop.js';
import { replay, replayThroughLayer } from './replay.js';

export interface Hashing extends LoopOptions {
  readonly connections: number;
}

/** Checks this many passwords at once, and does nothing else. */
async function checkPasswords({ connections, ...options }: Hashing): Promise<Sample> {
  const password = 'a password of some length';
  const stored = await hashPassword(password);
  const check = async () => {
    if (!(await verifyPassword(password, stored))) throw new Error('a password is not what was stored');
  };
  return await closedLoop(
    Array.from({ length: connections }, () => check),
    options,
  );
}

const calls = { replay, replayThroughLayer, checkPasswords };
export type CeilingCalls = typeof calls;
answerCalls(calls);
