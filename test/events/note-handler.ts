import { sql } from '../../src/database/sql.js';
import type { Handler } from '../../src/events/handlers/handler.js';
import { fillTemplate } from '../../src/events/handlers/templates.js';

export interface NoteConfig {
  readonly content_template: string;
}

/** The handler that writes a note about the client that the record is, belongs to or is linked with. */
export const note: Handler<NoteConfig> = {
  templates: ({ content_template }) => [content_template],
  async handle({ config, context }, transaction) {
    if (context.clientId === null) return { status: 'SKIPPED', message: 'the record has no client' };
    const content = fillTemplate(config.content_template, (name) => context.text(name));
    const [made] = await transaction.query(sql<{ id: number }>`
      INSERT INTO immigration_note (client_id, content) VALUES (${context.clientId}, ${content}) RETURNING id`);
    return { status: 'SUCCESS', message: 'note written', data: { note_id: made?.id ?? null } };
  },
};
