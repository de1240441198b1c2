/** One value of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Parses metrics in Prometheus' text format; lines that are none are left out. */
export function parseExposition(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    if (line === '' || line.startsWith('#')) return [];
    const space = line.lastIndexOf(' ');
    const value = Number(line.slice(space + 1).replace('+Inf', 'Infinity'));
    const brace = line.indexOf('{');
    const name = line.slice(0, brace < 0 ? space : brace);
    if (space < 0 || Number.isNaN(value)) return [];
    const labels = brace < 0 ? {} : labelsIn(line.slice(brace + 1, space - 1));
    return [{ name, labels, value }];
  });
}

/** Parses `route="/health/",method="GET"`. */
function labelsIn(text: string): Record<string, string> {
  const pairs = text.split('",').map((pair): [string, string] => {
    const end = pair.indexOf('="');
    return [pair.slice(0, end), pair.slice(end + 2).replace(/"$/, '')];
  });
  return Object.fromEntries(pairs);
}
