import type { HandlerUse } from '../types.js';
import { clientActivity } from './client-activity.js';
import { email } from './email.js';
import type { Handler } from './handler.js';
import { notification } from './notification.js';
import { task } from './task.js';
import { webhook } from './webhook.js';

export type HandlerName = HandlerUse['handler'];

type ConfigOf<Name extends HandlerName> = Extract<HandlerUse, { handler: Name }>['config'];

/** Handlers by their name in the configuration. */
export type Handlers = { readonly [Name in HandlerName]: Handler<ConfigOf<Name>> };

export const HANDLERS: Handlers = {
  client_activity: clientActivity,
  notification,
  task,
  email,
  webhook,
};
