import type { Command } from 'commander';
import type { CliContext } from './context.js';
import { registerEventsCheck } from './events-check.js';
import { addCleanUp, addPause, addResume } from './events-control.js';
import { addCancel, addList, addRetry, addShow } from './events-selected.js';
import { addStatus } from './events-status.js';

/** `leopard events …`: domain events, and the handling of them. */
export function registerEvents(program: Command, context: CliContext): void {
  const events = program
    .command('events')
    .description('look at domain events, pause and repeat their handling');
  addStatus(events.command('status'), context);
  addPause(events.command('pause'), context);
  addResume(events.command('resume'), context);
  addList(events.command('list'), context);
  addShow(events.command('show'), context);
  addRetry(events.command('retry'), context);
  addCancel(events.command('cancel'), context);
  addCleanUp(events.command('cleanup'), context);
  registerEventsCheck(events, context);
}

/** `leopard events_pause`, `events_resume`, `events_status`, `events_cleanup`: the names that operators' scripts know. */
export function registerEventsByOldNames(program: Command, context: CliContext): void {
  addPause(program.command('events_pause'), context);
  addResume(program.command('events_resume'), context);
  addStatus(program.command('events_status'), context);
  addCleanUp(program.command('events_cleanup'), context);
}
