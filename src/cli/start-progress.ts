import type { Lifecycle } from '../platform/lifecycle.js';
import type { Progress } from './progress.js';

/**
 * Returns a progress display that also notes each step for health checks.
 * @param onCount called with the first step whose progress is counted, which may take long
 */
export function noted(progress: Progress, lifecycle: Lifecycle, onCount: () => void): Progress {
  let hasCounted = false;
  return {
    say(text) {
      lifecycle.starting({ text });
      progress.say(text);
    },
    count(text, done, total) {
      lifecycle.starting({ text, done, total });
      progress.count(text, done, total);
      if (!hasCounted) onCount();
      hasCounted = true;
    },
    note: (line) => progress.note?.(line),
    done: () => progress.done(),
    failed: () => progress.failed(),
  };
}
