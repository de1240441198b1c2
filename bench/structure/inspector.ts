import { WebSocket } from 'undici';

/** One call of a function. */
export interface Frame {
  readonly functionName: string;
  /** The file's URL. */
  readonly url: string;
}

/** A stack as the inspector describes it; running calls name their script differently from waiting ones. */
interface Described {
  readonly callFrames: readonly {
    readonly functionName: string;
    readonly scriptId?: string;
    readonly location?: { readonly scriptId: string };
  }[];
  readonly parent?: Described;
}

/** Samples of V8's profiler; times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** Number of asynchronous steps back to which a stack is followed. */
const DEPTH = 64;

/** The inspector of another process, by the Chrome DevTools Protocol. */
export class Inspector {
  readonly #urls = new Map<string, string>();
  readonly #waiting = new Map<number, (message: Message) => void>();
  #next = 1;
  /**
   * Called with the stack of every call at which `breakAt` stops the process, the innermost first. It continues at the
   * call that started the asynchronous work.
   */
  onPause: (stack: readonly Frame[]) => void = () => undefined;

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data))));
  }

  /** Connects to a process. @param url as printed by Node: `ws://127.0.0.1:9229/…` */
  static async connect(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    return new Inspector(socket);
  }

  /** Returns the address of the inspector of a process that listens for it on this port. */
  static async urlAt(port: number): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
    const [first] = (await answer.json()) as { webSocketDebuggerUrl: string }[];
    if (!first) throw new Error('the process has nothing to inspect');
    return first.webSocketDebuggerUrl;
  }

  /** Begins to sample what runs, five thousand times a second. */
  async startProfile(): Promise<void> {
    await this.#send('Profiler.enable');
    await this.#send('Profiler.setSamplingInterval', { interval: 200 });
    await this.#send('Profiler.start');
  }

  async stopProfile(): Promise<CpuProfile> {
    const { profile } = await this.#send<{ profile: CpuProfile }>('Profiler.stop');
    return profile;
  }

  /** Returns the files whose functions have run since the last call, by URL. */
  async filesRun(): Promise<Set<string>> {
    const { result } = await this.#send<{
      result: { url: string; functions: { ranges: { count: number }[] }[] }[];
    }>('Profiler.takePreciseCoverage');
    const run = result.filter(({ functions }) =>
      functions.some(({ ranges }) => ranges.some(({ count }) => count > 0)),
    );
    return new Set(run.map(({ url }) => url));
  }

  async startCoverage(): Promise<void> {
    await this.#send('Profiler.enable');
    await this.#send('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  }

  /** Stops coverage, and stops the process for a moment at this line of the files that the expression names. */
  async breakAt(urlRegex: string, lineNumber: number): Promise<void> {
    await this.#send('Profiler.stopPreciseCoverage');
    await this.#send('Debugger.enable');
    await this.#send('Debugger.setAsyncCallStackDepth', { maxDepth: DEPTH });
    await this.#send('Debugger.setBreakpointByUrl', { urlRegex, lineNumber });
  }

  close(): void {
    this.socket.close();
  }

  #receive({ id, method, params, result, error }: Message): void {
    if (id !== undefined) this.#waiting.get(id)?.({ result, ...(error && { error }) });
    if (method === 'Debugger.scriptParsed') {
      const { scriptId, url } = params as { scriptId: string; url: string };
      this.#urls.set(scriptId, url);
    }
    if (method !== 'Debugger.paused') return;
    const { asyncStackTrace, ...now } = params as Described & { asyncStackTrace?: Described };
    this.onPause(this.#read({ ...now, ...(asyncStackTrace && { parent: asyncStackTrace }) }));
    void this.#send('Debugger.resume');
  }

  #read({ callFrames, parent }: Described): Frame[] {
    const frames = callFrames.map(({ functionName, scriptId, location }) => ({
      functionName,
      url: this.#urls.get(location?.scriptId ?? scriptId ?? '') ?? '',
    }));
    return parent ? [...frames, ...this.#read(parent)] : frames;
  }

  #send<Result>(method: string, params: object = {}): Promise<Result> {
    const id = this.#next++;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        this.#waiting.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result as Result);
      });
    });
  }
}
