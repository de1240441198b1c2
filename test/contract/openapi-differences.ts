import { type Facts, type Node, operationsOf } from './openapi-facts.js';

export interface Comparison {
  /** One line for each place where an operation that both documents have differs. */
  readonly differences: string[];
  /** Operations of the contract that are not served. */
  readonly missing: string[];
  /** Operations that are served and not in the contract. */
  readonly unknown: string[];
}

/**
 * Holds the document that is served against the contract's.
 * @param additions what is documented beyond the contract: answers as `METHOD /path status`, fields of bodies as
 *   `METHOD /path field`, query parameters as `METHOD /path ?parameter`, fields of answers as `METHOD /path >field`
 */
export function compareDocuments(contract: Node, served: Node, additions: readonly string[]): Comparison {
  const [wanted, got] = [operationsOf(contract), operationsOf(served)];
  const shared = [...wanted.keys()].filter((name) => got.has(name));
  return {
    differences: shared.flatMap((name) => {
      const added = additions
        .filter((addition) => addition.startsWith(`${name} `))
        .map((addition) => addition.slice(name.length + 1));
      return factDifferences(wanted.get(name) as Facts, got.get(name) as Facts, added).map(
        (line) => `${name}: ${line}`,
      );
    }),
    missing: [...wanted.keys()].filter((name) => !got.has(name)),
    unknown: [...got.keys()].filter((name) => !wanted.has(name)),
  };
}

function factDifferences(wanted: Facts, got: Facts, added: readonly string[]): string[] {
  return [...new Set([...wanted.keys(), ...got.keys()])]
    .filter((place) => wanted.has(place) || !added.some((addition) => isAbout(place, addition)))
    .map((place) => [place, shown(wanted, place), shown(got, place)] as const)
    .filter(([, want, have]) => want !== have)
    .map(([place, want, have]) => `${place}: contract ${want}, served ${have}`);
}

/** Tells whether a place belongs to an addition: an answer, a query parameter, or a field of an answer or of the body. */
function isAbout(place: string, addition: string): boolean {
  if (addition.startsWith('?')) return /^query parameter (\w+)/.exec(place)?.[1] === addition.slice(1);
  if (addition.startsWith('>')) {
    const [where, , , field = ''] = place.split(' ');
    const added = `.${addition.slice(1)}`;
    return where === 'answer' && (field === added || field.startsWith(`${added}.`));
  }
  const answer = `answer ${addition}`;
  if (place === answer || place.startsWith(`${answer} `)) return true;
  const [where, _type, field = ''] = place.split(' ');
  return where === 'body' && [`.${addition}`, `.${addition}[]`].includes(field.replace(/(?<=.)\.\w+$/, ''));
}

function shown(facts: Facts, place: string): string {
  const value = facts.get(place);
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
