/** A step of the start, with its progress where that is counted. */
interface StartingStep {
  readonly text: string;
  readonly done?: number;
  readonly total?: number;
}

/** A phase in the life of the process. */
export type Phase =
  | { readonly kind: 'starting'; readonly step: StartingStep }
  | { readonly kind: 'running' }
  | { readonly kind: 'draining' };

/** The phase of this process, which the start and the stop set and health checks read. */
export class Lifecycle {
  /** Called with each new phase or step. */
  onChange: (phase: Phase) => void = () => undefined;
  #phase: Phase = { kind: 'starting', step: { text: 'starting' } };

  get phase(): Phase {
    return this.#phase;
  }

  /** Notes a step of the start; without effect once the start is over. */
  starting(step: StartingStep): void {
    if (this.#phase.kind === 'starting') this.#enter({ kind: 'starting', step });
  }

  /** Notes that everything is served; without effect once the process is draining. */
  running(): void {
    if (this.#phase.kind === 'starting') this.#enter({ kind: 'running' });
  }

  /** Notes that the process is about to stop. */
  draining(): void {
    this.#enter({ kind: 'draining' });
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.onChange(phase);
  }
}
