import type { SettingsReader } from './settings-reader.js';

const SAMPLERS = [
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'always_on',
  'always_off',
  'traceidratio',
] as const;

/** The export of spans by OTLP over HTTP, by OpenTelemetry's usual variables. */
export interface TracingSettings {
  /** The address that spans are sent to, path included; '' when they are not exported. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds after which an export is given up. */
  readonly timeout: number;
  readonly serviceName: string;
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** The proportion of traces that are recorded, 0 to 1, of those that begin here. */
  readonly ratio: number;
  /** Whether a trusted proxy's own decision about its trace is followed. */
  readonly followsProxy: boolean;
}

/** The settings of spans, error reports and the lines about slow work. */
export interface ObservabilitySettings {
  readonly tracing: TracingSettings;
  readonly sentry: {
    /** The address that errors are reported to, with its key; '' for none. */
    readonly dsn: string;
    readonly environment: string;
  };
  readonly slow: {
    /** Milliseconds from which a round trip to the database, or a request, is logged; 0: none is. */
    readonly statementMs: number;
    readonly requestMs: number;
    /** Maximum number of such lines per minute, of each kind; 0 for any number. */
    readonly linesPerMinute: number;
  };
}

const MOST_MS = 3_600_000;

/** Reads the settings of observability; errors become problems of `read`. */
export function readObservabilitySettings(read: SettingsReader, debug: boolean): ObservabilitySettings {
  return {
    tracing: readTracing(read),
    sentry: {
      dsn: readDsn(read),
      environment: read.text('SENTRY_ENVIRONMENT', debug ? 'development' : 'production'),
    },
    slow: {
      statementMs: read.integer('SLOW_STATEMENT_MS', 1_000, { min: 0, max: MOST_MS }),
      requestMs: read.integer('SLOW_REQUEST_MS', 5_000, { min: 0, max: MOST_MS }),
      linesPerMinute: read.integer('SLOW_LINES_PER_MINUTE', 30, { min: 0, max: 1_000_000 }),
    },
  };
}

function readTracing(read: SettingsReader): TracingSettings {
  // JSON is what is sent; receivers of OTLP over HTTP take both.
  read.choice('OTEL_EXPORTER_OTLP_PROTOCOL', ['http/json', 'http/protobuf'], 'http/json');
  const sampler = read.choice('OTEL_TRACES_SAMPLER', SAMPLERS, 'parentbased_always_on');
  const ratio = readRatio(read);
  return {
    url: readUrl(read),
    headers: readPairs(read, 'OTEL_EXPORTER_OTLP_HEADERS'),
    timeout: read.integer('OTEL_EXPORTER_OTLP_TIMEOUT', 10_000, { min: 100, max: 60_000 }),
    serviceName: read.text('OTEL_SERVICE_NAME', 'leopard'),
    resourceAttributes: readPairs(read, 'OTEL_RESOURCE_ATTRIBUTES'),
    ratio: sampler.endsWith('_off') ? 0 : sampler.endsWith('traceidratio') ? ratio : 1,
    followsProxy: sampler.startsWith('parentbased_'),
  };
}

function readUrl(read: SettingsReader): string {
  const own = read.text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', '');
  const common = read.text('OTEL_EXPORTER_OTLP_ENDPOINT', '');
  for (const [name, url] of Object.entries({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own,
    OTEL_EXPORTER_OTLP_ENDPOINT: common,
  })) {
    if (url !== '' && !(/^https?:\/\//.test(url) && URL.canParse(url))) {
      read.problem(name, 'must look like http://localhost:4318');
      return '';
    }
  }
  if (read.boolean('OTEL_SDK_DISABLED', false)) return '';
  return own || (common && `${common.replace(/\/$/, '')}/v1/traces`);
}

function readRatio(read: SettingsReader): number {
  const text = read.text('OTEL_TRACES_SAMPLER_ARG', '1');
  const ratio = Number(text);
  if (/^[\d.]+$/.test(text) && ratio >= 0 && ratio <= 1) return ratio;
  read.problem('OTEL_TRACES_SAMPLER_ARG', `must be a number from 0 to 1, not "${text}"`);
  return 1;
}

/** Reads `name=value` pairs, separated by commas; values are percent-encoded. Does not repeat a value: it may be a key. */
function readPairs(read: SettingsReader, name: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const item of read.list(name, [])) {
    const [, key, value = ''] = /^([\w.-]+) ?= ?(.*)$/.exec(item) ?? [];
    try {
      if (!key) throw new Error();
      pairs[key] = decodeURIComponent(value);
    } catch {
      read.problem(name, 'must hold pairs such as name=value,other=value, with values percent-encoded');
    }
  }
  return pairs;
}

function isDsn(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, pathname } = new URL(text);
  return /^https?:$/.test(protocol) && /^\w+$/.test(username) && /\/\d+$/.test(pathname);
}

function readDsn(read: SettingsReader): string {
  const dsn = read.text('SENTRY_DSN', '');
  if (dsn === '' || isDsn(dsn)) return dsn;
  read.problem('SENTRY_DSN', 'must look like https://key@sentry.example.com/1');
  return '';
}
