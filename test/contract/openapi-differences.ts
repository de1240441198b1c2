import { type Facts, type Node, operationsOf } from './openapi-facts.js';

/**
 * Compares the served document, without what is added to the contract, with the contract's.
 * @returns a line for each missing operation, and for each place where one differs
 */
export function compareDocuments(contract: Node, served: Node): string[] {
  const [wanted, got] = [operationsOf(contract), operationsOf(served)];
  return [...wanted].flatMap(([name, facts]) => {
    const found = got.get(name);
    return found ? factDifferences(facts, found).map((line) => `${name}: ${line}`) : `${name} is not served`;
  });
}

function factDifferences(wanted: Facts, got: Facts): string[] {
  return [...new Set([...wanted.keys(), ...got.keys()])]
    .map((place) => [place, shown(wanted, place), shown(got, place)] as const)
    .filter(([, want, have]) => want !== have)
    .map(([place, want, have]) => `${place}: contract ${want}, served ${have}`);
}

function shown(facts: Facts, place: string): string {
  const value = facts.get(place);
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
