import { type HttpError, textError } from '../../http/errors.js';

// What is answered about tasks under `error`, as the contract has it.

/** Returns 404 of reading a task that is not there, or that the user does not see. */
export function taskNotFound(): HttpError {
  return textError(404, 'Task not found');
}

/** Returns 404 of changing such a task, or of an action that is for others to take. */
export function taskDenied(): HttpError {
  return textError(404, 'Task not found or access denied');
}
