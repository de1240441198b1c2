import type { Command } from 'commander';
import type { CliContext } from './context.js';
import { addEventsCheckCommand } from './events-check.js';
import { addCleanUpCommand, addPauseCommand, addResumeCommand } from './events-control.js';
import { addCancelCommand, addListCommand, addRetryCommand, addShowCommand } from './events-selected.js';
import { addStatusCommand } from './events-status.js';

/** Adds `leopard events …`: domain events and their handling. */
export function addEventsCommand(program: Command, context: CliContext): void {
  const events = program.command('events').description('show domain events; pause and retry their handling');
  addStatusCommand(events.command('status'), context);
  addPauseCommand(events.command('pause'), context);
  addResumeCommand(events.command('resume'), context);
  addListCommand(events.command('list'), context);
  addShowCommand(events.command('show'), context);
  addRetryCommand(events.command('retry'), context);
  addCancelCommand(events.command('cancel'), context);
  addCleanUpCommand(events.command('cleanup'), context);
  addEventsCheckCommand(events, context);
}

/**
 * Adds `leopard events_pause`, `events_resume`, `events_status`, `events_cleanup`: the names that operators' scripts
 * know.
 */
export function addOldEventCommands(program: Command, context: CliContext): void {
  addPauseCommand(program.command('events_pause'), context);
  addResumeCommand(program.command('events_resume'), context);
  addStatusCommand(program.command('events_status'), context);
  addCleanUpCommand(program.command('events_cleanup'), context);
}
