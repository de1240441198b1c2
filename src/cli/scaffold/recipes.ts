import { pluralOf, wordForms } from './word-forms.js';

/** The options of `leopard scaffold`. */
export interface ScaffoldOptions {
  /** The plural of a resource's name, where it is irregular. */
  readonly plural?: string;
  /** The folder of src/immigration in which a job lies. */
  readonly folder?: string;
}

/** The way from a page of documentation to a person's own files. */
export interface Recipe {
  /** The page, from the project's root. */
  readonly page: string;
  /** The heading of its section, where not the whole page is meant. */
  readonly section?: string;
  /** Names in the page and what stands for them. */
  readonly names: readonly (readonly [from: string, to: string])[];
  /** Returns the path of a file of the page. */
  readonly pathOf?: (file: string) => string;
  /** Steps that remain to be done by hand, a line each. */
  readonly remaining: readonly string[];
}

/** The recipes by what they make. */
export const RECIPES: Readonly<Record<string, (name: string, options: ScaffoldOptions) => Recipe>> = {
  resource(name, { plural = pluralOf(name) }) {
    const folder = `src/immigration/${plural}`;
    return {
      page: 'docs/adding-a-resource.md',
      names: [
        ['service-invoices', plural],
        ['service-invoice', name],
      ],
      remaining: [
        'its fields: number, amount, due_date and paid are examples; replace them in the migration, schemas.ts, the',
        '  filter and the order (routes.ts, selectors.ts), the sample, the many rows and the test',
        'npm run generate',
        `npx vitest run ${folder}`,
        'npm run sql, and read what it wrote',
        'npm run check; a line in CHANGELOG.md',
      ],
    };
  },
  handler(name) {
    const { snake } = wordForms(name);
    return {
      page: 'docs/event-framework.md',
      section: 'A handler',
      names: [['follow-up', name]],
      remaining: [
        `what it does: src/events/handlers/${name}.ts writes a note; and its configuration, in src/events/types.ts`,
        `its use in src/events/config.ts: { handler: '${snake}', config: { … } } under a type of event`,
        `npx vitest run src/events/handlers/${name}.test.ts`,
        'npm run check; a line in CHANGELOG.md',
      ],
    };
  },
  job(name, { folder = name }) {
    const { camel } = wordForms(name);
    return {
      page: 'docs/adding-a-job.md',
      names: [['read-messages', name]],
      pathOf: (file) => file.replace('immigration/notifications/', () => `immigration/${folder}/`),
      remaining: [
        'what it does: it deletes notifications that were read a year ago; its summary and interval',
        `npx vitest run src/immigration/${folder}/${name}-job.test.ts`,
        `its line in src/app/jobs.ts: ${camel}Job in JOBS; from then on it runs`,
        'npm run check; lines in docs/commands.md, docs/scheduled-work.md and CHANGELOG.md',
      ],
    };
  },
};
