import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecentlySeenIds } from './recently-seen-ids.js';

interface Transaction {
  readonly xid: number;
  readonly ids: number[];
}

/** A table as PostgreSQL would show it: ids given in order, rows seen from their commit on. */
class Table {
  #nextId = 1;
  #nextXid = 1;
  readonly open: Transaction[] = [];
  readonly visible: number[] = [];

  begin(rows: number): void {
    const transaction = { xid: this.#nextXid++, ids: Array.from({ length: rows }, () => this.#nextId++) };
    this.open.push(transaction);
  }

  end(index: number, commits: boolean): void {
    const [transaction] = this.open.splice(index % Math.max(1, this.open.length), 1);
    if (transaction && commits) this.visible.push(...transaction.ids);
  }

  look(recent: RecentlySeenIds, now: number, most = Number.POSITIVE_INFINITY): number[] {
    const oldest = BigInt(Math.min(this.#nextXid, ...this.open.map(({ xid }) => xid)));
    const { floor, known } = recent.window;
    const found = this.visible.filter((id) => id > floor && !known.includes(id)).sort((a, b) => a - b);
    const ids = found.slice(0, most);
    recent.take(ids, { oldest, next: BigInt(this.#nextXid) }, ids.length < most, now);
    return ids;
  }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('begin' as const), rows: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('end' as const), index: fc.nat(20), commits: fc.boolean() }),
  fc.record({ kind: fc.constant('look' as const), after: fc.integer({ min: 0, max: 20_000 }) }),
);

describe('new rows', () => {
  test('are found once each, in whatever order transactions begin, end and are looked for', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.option(fc.integer({ min: 1, max: 4 })),
        (steps, most) => {
          const table = new Table();
          const recent = new RecentlySeenIds(0);
          const found: number[] = [];
          let now = 0;
          for (const one of steps) {
            if (one.kind === 'begin') table.begin(one.rows);
            else if (one.kind === 'end') table.end(one.index, one.commits);
            else {
              now += one.after;
              found.push(...table.look(recent, now, most ?? undefined));
            }
          }
          while (table.open.length > 0) table.end(0, true);
          for (let ids = [0]; ids.length > 0; found.push(...ids))
            ids = table.look(recent, now, most ?? undefined);
          expect([...found].sort((a, b) => a - b)).toEqual([...table.visible].sort((a, b) => a - b));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('are not looked for again for ever: what is settled is forgotten', () => {
    const table = new Table();
    const recent = new RecentlySeenIds(0);
    for (let now = 0; now < 1_000_000; now += 1_000) {
      table.begin(10);
      table.end(0, true);
      table.look(recent, now);
      expect(recent.window.known.length).toBeLessThan(200);
    }
    expect(recent.window.floor).toBeGreaterThan(9_800);
  });

  test('are found by a small window again after a move to a server whose transactions have lower numbers', () => {
    const recent = new RecentlySeenIds(0);
    const look = (ids: number[], transaction: bigint, now: number) =>
      recent.take(ids, { oldest: transaction, next: transaction }, true, now);
    look([1, 2], 5_000_000n, 0);
    for (let n = 0; n < 4; n++) look([3 + n], 900n + BigInt(n), 10_000 * (n + 1));
    expect(recent.window).toEqual({ floor: 4, known: [5, 6] });
  });
});
