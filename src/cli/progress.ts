import { RemainingTime } from './remaining-time.js';

/** A display of what is being done. */
export interface Progress {
  /** Shows the beginning of a step; the one before is done. */
  say(text: string): void;
  /** Shows the progress of a long step, such as `migrating tenants 120/1000`. */
  count(text: string, done: number, total: number): void;
  /** Writes a line about the present step, which goes on. */
  note?(line: string): void;
  /** Marks the last step as done; the line is free for other output. */
  done(): void;
  /** Marks the last step as failed. */
  failed(): void;
}

export type ProgressStream = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;
const COUNT_MS = 2_000;
const BAR_WIDTH = 20;
const CLEAR_LINE = '\r\u001b[2K';

/** Returns a progress display: a moving line on a terminal; elsewhere, such as in a log, one plain line per step. */
export function createProgress(stream: ProgressStream): Progress {
  return stream.isTTY ? movingLine(stream) : plainLines(stream);
}

function plainLines(stream: ProgressStream): Progress {
  let last = '';
  let lastCount = 0;
  const remaining = new RemainingTime();
  const say = (text: string) => {
    if (text === last) return;
    last = text;
    stream.write(`${text}\n`);
  };
  return {
    say(text) {
      remaining.reset();
      say(text);
    },
    count(text, done, total) {
      const left = remaining.note(done, total);
      if (done < total && Date.now() - lastCount < COUNT_MS) return;
      lastCount = Date.now();
      say(`${text} ${done}/${total}${left}`);
    },
    note: (line) => void stream.write(`${line}\n`),
    done: () => undefined,
    failed: () => undefined,
  };
}

function movingLine(stream: ProgressStream): Progress {
  let current = '';
  let detail = '';
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;
  const remaining = new RemainingTime();
  const draw = () => {
    const room = (stream.columns || 80) - 3;
    stream.write(`${CLEAR_LINE}${FRAMES[frame++ % FRAMES.length]} ${`${current}${detail}`.slice(0, room)}`);
  };
  const finish = (mark: string) => {
    clearInterval(timer);
    timer = undefined;
    if (current) stream.write(`${CLEAR_LINE}${mark} ${current}${detail}\n`);
    current = detail = '';
  };
  const begin = (text: string) => {
    if (text === current) return;
    finish('✔');
    remaining.reset();
    current = text;
    draw();
    timer = setInterval(draw, FRAME_MS);
    timer.unref();
  };
  return {
    say: begin,
    count(text, done, total) {
      begin(text);
      detail = ` ${bar(done, total)} ${done}/${total}${remaining.note(done, total)}`;
    },
    note(line) {
      stream.write(`${CLEAR_LINE}${line}\n`);
      if (current) draw();
    },
    done: () => finish('✔'),
    failed: () => finish('✖'),
  };
}

function bar(done: number, total: number): string {
  const filled = Math.round((BAR_WIDTH * Math.min(done, total)) / Math.max(total, 1));
  return '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
}
