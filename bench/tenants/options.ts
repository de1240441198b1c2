import { parseArgs } from 'node:util';

/** The parts of the bench, in their order. All but `delete` work on the same agencies. */
const PARTS = ['create', 'list', 'backup', 'migrate', 'delete'] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly tenants: number;
  readonly only: ReadonlySet<Part>;
  readonly data: string | undefined;
  readonly json: string | undefined;
  readonly markdown: string | undefined;
}

export const USAGE = `npm run bench:tenants -- [options]
  --tenants n       number of agencies, default 1000: takes half an hour on two processors, and 7 GB of disk
  --only a,b        of ${PARTS.join(', ')}
  --data FOLDER     keeps the agencies there, and uses those that are there
  --json FILE       also writes all figures for a program to read
  --markdown FILE   also writes the tables; between the marks of a file that has them, as docs/scale.md`;

/** Parses the command line. @throws Error for invalid options */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      tenants: { type: 'string', default: '1000' },
      only: { type: 'string' },
      data: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
    },
  });
  const tenants = Number(values.tenants);
  if (!Number.isInteger(tenants) || tenants < 2) throw new Error('--tenants must be a whole number above 1');
  const only = values.only?.split(',') ?? PARTS;
  for (const name of only) {
    if (!PARTS.some((part) => part === name))
      throw new Error(`there is no "${name}" to measure: ${PARTS.join(', ')}`);
  }
  const { data, json, markdown } = values;
  return { tenants, only: new Set(only as Part[]), data, json, markdown };
}
