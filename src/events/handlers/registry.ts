import type { EventHandling } from '../types.js';
import { clientActivity } from './client-activity.js';
import { email } from './email.js';
import type { Handler } from './handler.js';
import { notification } from './notification.js';
import { task } from './task.js';
import { webhook } from './webhook.js';

export type HandlerName = EventHandling['handler'];

type ConfigOf<Name extends HandlerName> = Extract<EventHandling, { handler: Name }>['config'];

/** Handlers by the name under which the configuration uses them. */
export type Handlers = { readonly [Name in HandlerName]: Handler<ConfigOf<Name>> };

export const HANDLERS: Handlers = {
  client_activity: clientActivity,
  notification,
  task,
  email,
  webhook,
};
