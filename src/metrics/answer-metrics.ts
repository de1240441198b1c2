import { Counter, Gauge, type Registry } from 'prom-client';

/** The work of the memory for recent answers. */
export interface AnswerFigures {
  /** Reads since the start by outcome: `kept` and `unchanged` (304) from memory, `made` by the route's handler. */
  readonly counts: Readonly<Record<'kept' | 'unchanged' | 'made', number>>;
  /** Bytes of all answers that are kept. */
  readonly bytes: number;
}

/** Exports the figures of the memory for recent answers. */
export function measureAnswers(registry: Registry, figures: () => AnswerFigures): void {
  new Counter({
    name: 'leopard_answers_total',
    help: 'Reads whose answers may be kept: answered from memory (kept, unchanged: 304), or by their handler (made).',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(figures().counts)) this.inc({ outcome }, count);
    },
  });
  new Gauge({
    name: 'leopard_answers_kept_bytes',
    help: 'Memory that recent answers take.',
    registers: [registry],
    collect() {
      this.set(figures().bytes);
    },
  });
}
