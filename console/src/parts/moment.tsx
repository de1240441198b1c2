import { useZone } from '../api/zone.ts';
import { language } from '../i18n/index.ts';

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string): Intl.DateTimeFormat {
  const key = `${language()} ${zone}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(language(), { dateStyle: 'medium', timeStyle: 'short', timeZone: zone });
    formats.set(key, found);
  }
  return found;
}

/** A moment in the agency's time zone; pointing at it shows it in UTC. */
export function Moment({ at }: { readonly at: string | null | undefined }) {
  const zone = useZone();
  if (!at) return null;
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <>{at}</>;
  return (
    <time dateTime={at} title={`${date.toISOString().replace('T', ' ').slice(0, 19)} UTC (${zone})`}>
      {format(zone).format(date)}
    </time>
  );
}

/** A day, which is the same in every time zone. */
export function Day({ on }: { readonly on: string | null | undefined }) {
  if (!on) return null;
  const date = new Date(`${on}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return <>{on}</>;
  const shown = new Intl.DateTimeFormat(language(), { dateStyle: 'medium', timeZone: 'UTC' });
  return <time dateTime={on}>{shown.format(date)}</time>;
}
