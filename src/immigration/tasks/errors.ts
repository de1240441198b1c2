import { type HttpError, textError } from '../../http/errors.js';

// The contract's answers about tasks under `error`.

/** Returns 404 of reading a task that does not exist, or that the user does not see. */
export function taskNotFound(): HttpError {
  return textError(404, 'Task not found');
}

/** Returns 404 of changing such a task, or of an action reserved for others. */
export function taskDenied(): HttpError {
  return textError(404, 'Task not found or access denied');
}
