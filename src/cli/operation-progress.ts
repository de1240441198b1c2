import type { OnStep } from '../provisioning/operations/run.js';
import type { CliContext } from './context.js';

/**
 * Runs an operation on a tenant and shows its steps on stderr: on a terminal all of them, elsewhere only what is counted,
 * which takes long.
 * @returns what `work` returns
 */
export async function withSteps<T>(
  context: CliContext,
  work: (options: { readonly onStep: OnStep }) => Promise<T>,
): Promise<T> {
  const progress = context.progress(process.stderr);
  const onStep: OnStep = ({ label, number, steps, done, total }) => {
    const text = steps > 1 ? `${label} (${number} of ${steps})` : label;
    if (total !== null) progress.count(text, done, total);
    else if (process.stderr.isTTY) progress.say(text);
  };
  try {
    const result = await work({ onStep });
    progress.done();
    return result;
  } catch (error) {
    progress.failed();
    throw error;
  }
}
