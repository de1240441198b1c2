import { expect, it } from 'vitest';
import { readObservabilitySettings } from './observability-settings.js';
import { SettingsReader } from './settings-reader.js';

function read(environment: Record<string, string>, debug = true) {
  const reader = new SettingsReader(environment);
  const settings = readObservabilitySettings(reader, debug);
  return { ...settings, problems: reader.problems };
}

it('exports and reports nothing unless it is told where', () => {
  expect(read({}).tracing.url).toBe('');
  expect(read({}).sentry).toEqual({ dsn: '', environment: 'development' });
  expect(read({}, false).sentry.environment).toBe('production');
});

it('reads OpenTelemetry’s usual variables', () => {
  const given = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };
  expect(read(given).tracing.url).toBe('http://collector:4318/v1/traces');
  expect(read({ ...given, OTEL_SDK_DISABLED: 'true' }).tracing.url).toBe('');
  const traces = { ...given, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example/in' };
  expect(read(traces).tracing.url).toBe('https://traces.example/in');
  expect(read({ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, x=1' }).tracing.headers).toEqual({
    'api-key': 'a b',
    x: '1',
  });
  const ratio = (sampler: string) =>
    read({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: '0.25' }).tracing;
  expect(ratio('parentbased_traceidratio')).toMatchObject({ ratio: 0.25, followsProxy: true });
  expect(ratio('traceidratio')).toMatchObject({ ratio: 0.25, followsProxy: false });
  expect(ratio('always_on')).toMatchObject({ ratio: 1, followsProxy: false });
  expect(ratio('parentbased_always_off')).toMatchObject({ ratio: 0, followsProxy: true });
});

it.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /^OTEL_EXPORTER_OTLP_ENDPOINT must look like/],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /^OTEL_EXPORTER_OTLP_PROTOCOL must be one of http/],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'hunter2' }, /^OTEL_EXPORTER_OTLP_HEADERS must hold pairs(?!.*hunter2)/],
  [{ OTEL_TRACES_SAMPLER: 'jaeger_remote' }, /^OTEL_TRACES_SAMPLER must be one of/],
  [{ OTEL_TRACES_SAMPLER_ARG: '2' }, /^OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1/],
  [{ SENTRY_DSN: 'https://sentry.example/1' }, /^SENTRY_DSN must look like/],
  [{ SLOW_STATEMENT_MS: '-1' }, /^SLOW_STATEMENT_MS must be/],
])('says what is wrong with %j', (environment, problem) => {
  expect(read(environment as Record<string, string>).problems).toEqual([expect.stringMatching(problem)]);
});
