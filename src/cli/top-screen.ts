/** The terminal's second screen, without a cursor; and back. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const CTRL_C = '\u0003';

interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** A terminal's whole screen. It is restored however the process ends, unless it is killed. */
export class Screen {
  #isOpen = false;
  readonly #restore = () => this.close();

  constructor(
    private readonly terminal: Terminal,
    private readonly onQuit: () => void,
  ) {}

  /** Takes the screen over. `q` and Ctrl-C end it. */
  open(): void {
    const { input, output } = this.terminal;
    this.#isOpen = true;
    process.on('exit', this.#restore);
    output.write(ENTER);
    input.setRawMode(true);
    input.on('data', this.#typed);
    input.resume();
  }

  /** Gives the screen back. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { input, output } = this.terminal;
    process.off('exit', this.#restore);
    input.off('data', this.#typed);
    input.setRawMode(false);
    input.pause();
    output.write(LEAVE);
  }

  get width(): number {
    return this.terminal.output.columns || 80;
  }

  /** Shows lines from the top; those below the screen's end are left out. */
  show(lines: readonly string[]): void {
    const { output } = this.terminal;
    const shown = lines.slice(0, Math.max(1, (output.rows || 24) - 1));
    output.write(HOME + shown.map((line) => `${line}${CLEAR_LINE}`).join('\r\n') + CLEAR_LINE + CLEAR_BELOW);
  }

  readonly #typed = (text: Buffer | string) => {
    if (/^[qQ]/.test(String(text)) || String(text).includes(CTRL_C)) this.onQuit();
  };
}
