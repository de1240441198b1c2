import { GRANTS } from '../isolation/roles-table.js';
import { addedClaims, addedPermissions } from './additions.js';
import { entriesFor, listedParts } from './inventory.js';
import { type Node, resolve } from './openapi-facts.js';

/** A place where an answer differs from the recorded one, as replay.mjs reports it. */
export interface Difference {
  /** Such as `body.results[0].email`. */
  readonly path: string;
  /** Absent where the recorded answer has nothing. */
  readonly expected?: unknown;
  readonly got?: unknown;
}

/** Where the recorded answers count permissions: always those of SUPER_ADMIN. */
const COUNT_OF_PERMISSIONS = /\.(permissions|permissions_list)\.length$|\.permissions_count$/;

/** A claim of a token in an answer. */
const CLAIM = /^body\.(?:access|refresh)\.(\w+)$/;

/** The additions to answers that replayed examples have shown, as `field name of place`. */
export class AdditionsInAnswers {
  readonly seen = new Set<string>();
  /** The added claims of tokens in these answers. */
  readonly claims = new Set<string>();

  /** @param document the served documentation */
  constructor(private readonly document: Node) {}

  /** Describes the differences of an answer that do not come from what ADDITIONS lists, and what would list them. */
  unexplained(method: string, path: string, status: number, differences: readonly Difference[]): string[] {
    return differences.flatMap((difference) => {
      const { path: place, expected, got } = difference;
      if (COUNT_OF_PERMISSIONS.test(place) && Number(got) - Number(expected) === grantsAdded()) return [];
      const said = `${place}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`;
      if ('expected' in difference) return said;
      const claim = CLAIM.exec(place)?.[1];
      if (claim !== undefined) {
        this.claims.add(claim);
        return addedClaims().includes(claim)
          ? []
          : `${said}; to add it, list { claims: ['${claim}'] } in additions.ts`;
      }
      const part = this.#partAt(method, path, status, place);
      this.seen.add(part);
      const [[, entry] = []] = entriesFor([part]);
      return listedParts().includes(part) ? [] : `${said}; to add it, list ${entry} in additions.ts`;
    });
  }

  #partAt(method: string, path: string, status: number, place: string): string {
    const keys = place
      .replaceAll(/\[\d+\]/g, '')
      .split('.')
      .slice(1);
    const field = keys.pop() ?? '';
    return `field ${field} of ${this.#placeOf(this.#answerTo(method, path, status), keys)}`;
  }

  #answerTo(method: string, path: string, status: number): Node {
    const fits = ([pattern]: [string, unknown]) =>
      new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path.split('?', 1)[0] as string);
    const paths = Object.entries(this.document.paths as Record<string, Node>).filter(fits);
    // A path without parameters comes before one whose parameter could be read so.
    const [, item] = paths.find(([pattern]) => !pattern.includes('{')) ?? paths[0] ?? [];
    const { responses } = (item?.[method.toLowerCase()] ?? {}) as { responses?: Record<string, Node> };
    const content = responses?.[status]?.content as Record<string, { schema: Node }> | undefined;
    return content?.['application/json']?.schema ?? {};
  }

  /** Finds where an object of an answer is documented, in the words of ADDITIONS. */
  #placeOf(answer: Node, keys: readonly string[]): string {
    let [schema, place] = this.#named(answer, '');
    for (const key of keys) {
      const properties = schema.properties as Record<string, Node> | undefined;
      [schema, place] = this.#named(properties?.[key] ?? {}, `${place}.${key}`);
    }
    return place;
  }

  #named(given: Node, place: string): [Node, string] {
    const node = given.type === 'array' ? (given.items as Node) : given;
    const name = typeof node.$ref === 'string' ? node.$ref.split('/').at(-1) : undefined;
    return [resolve(this.document, node), name ?? place];
  }
}

function grantsAdded(): number {
  return addedPermissions().filter(({ codename }) => GRANTS.SUPER_ADMIN(codename)).length;
}
