import type { Table } from '../report.js';
import type { Aim } from './cases.js';
import type { GrowthFigures } from './measure.js';

const AIMS: Readonly<Record<Aim, string>> = { flat: '1.5', hits: 'hits', linear: 'linear' };

/** Returns the table of figures: of the smallest agency in milliseconds, of the others as multiples of these too. */
export function growthTable(sizes: readonly number[], figures: readonly GrowthFigures[]): Table {
  const [, ...larger] = sizes;
  return {
    title: 'One request at a time, by the number of clients',
    head: [
      '',
      ...sizes.map((size) => `${size.toLocaleString('en')}: ms`),
      'PostgreSQL',
      ...larger.map((size) => `${size.toLocaleString('en')}: times`),
      'aim',
    ],
    rows: figures.map(({ what, aim, p50, postgres }) => [
      what,
      ...p50.map((time) => time.toFixed(time < 10 ? 2 : 0)),
      postgres.map((time) => (time === null ? '–' : time.toFixed(time < 10 ? 1 : 0))).join(' / '),
      ...larger.map((_, i) => ((p50[i + 1] ?? Number.NaN) / (p50[0] ?? Number.NaN)).toFixed(1)),
      AIMS[aim],
    ]),
  };
}
