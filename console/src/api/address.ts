import { useNavigate, useSearch } from '@tanstack/react-router';

/** The state of a page in its address. Values are texts, so that large numbers stay exact. */
export type Address = Readonly<Record<string, string | undefined>>;

/** Parses the query of an address; of a repeated parameter the last value counts. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(search).filter(
    ([, value]) => value !== undefined && value !== null && value !== '',
  );
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

/** Returns the query of the page's address, and a function that changes parts of it; undefined takes a part out. */
export function useAddress(): readonly [Address, (change: Address) => void] {
  const search = useSearch({ strict: false }) as Address;
  const go = useNavigate();
  const change = (part: Address) =>
    void go({
      to: '.',
      search: (now: object) => ({ ...now, ...part }) as never,
      replace: true,
      resetScroll: false,
    });
  return [search, change];
}
