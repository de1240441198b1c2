import { leaveEmails } from '../outbox.js';
import type { EmailConfig } from '../types.js';
import type { Handler } from './handler.js';
import { addresseesOf, recipientsSql, relatedTo } from './recipients.js';
import { fillTemplate } from './templates.js';

/**
 * The handler that queues e-mails to users about an event, where the tenant's settings switch e-mail on. Notifications
 * do not need it: those of the types that a tenant chose are sent by e-mail anyway.
 */
export const email: Handler<EmailConfig> = {
  templates: ({ subject_template, body_template }) => [subject_template, body_template],
  related: ({ recipients }) => relatedTo(recipients),
  sendsAtOnce: true,
  async handle({ event, config, context }, transaction) {
    const addressees = addresseesOf(config.recipients, context);
    if (!addressees) return { status: 'SKIPPED', message: 'nobody to write to' };
    const fill = (template: string) => fillTemplate(template, (name) => context.text(name));
    const left = await transaction.query(
      leaveEmails(
        {
          eventId: event.id,
          eventType: event.event_type,
          subject: fill(config.subject_template),
          body: fill(config.body_template),
        },
        { query: recipientsSql(config.recipients), ...addressees },
      ),
    );
    if (left.length === 0) {
      return { status: 'SKIPPED', message: 'e-mail is off, or nobody active with an address' };
    }
    return {
      status: 'SUCCESS',
      message: `left for ${left.length === 1 ? 'one user' : `${left.length} users`}`,
      data: { delivery_ids: left.map(({ id }) => id) },
    };
  },
};
