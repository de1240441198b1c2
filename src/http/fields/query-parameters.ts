import { invalidField } from '../errors.js';
import { isLongerThan, tooLong } from './bounds.js';
import { readDateTime } from './datetime.js';
import { FieldError, MESSAGES } from './field.js';
import { readDate, readInteger } from './scalar.js';

/** Maximum length of a text filter: most fields are shorter, and each character costs time for every record. */
const LONGEST_FILTER = 200;

const TRUE = new Set(['true', '1', 'yes', 'on']);

/**
 * The query of a request by the contract's rules: an empty value counts as not given, of a repeated parameter the
 * last one counts (all of them for choices), what does not parse is a 400 that names it.
 */
export class QueryParameters {
  /**
   * @param declared the names that the route documents: reading another is a fault of the program. Without it, any may
   * be read
   */
  constructor(
    private readonly raw: Readonly<Record<string, string | string[] | undefined>>,
    private readonly declared?: Readonly<Record<string, unknown>>,
  ) {}

  /** Returns all parameters as they were sent, for links to other pages. */
  entries(): [string, string][] {
    return Object.entries(this.raw).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value ?? '']).map((item): [string, string] => [name, item]),
    );
  }

  text(name: string): string | undefined {
    const value = this.#given(name);
    const last = (Array.isArray(value) ? value.at(-1) : value)?.trim();
    if (!last) return undefined;
    if (last.includes('\0')) throw invalidField(name, MESSAGES.nul);
    return last;
  }

  /** Returns the text that a filter looks for. @throws HttpError 400 when it has more than 200 characters */
  filterText(name: string): string | undefined {
    const value = this.text(name);
    if (value !== undefined && isLongerThan(value, LONGEST_FILTER))
      throw invalidField(name, tooLong(LONGEST_FILTER));
    return value;
  }

  /** Returns the chosen values: repeated, with brackets (`status[]=`) or single; undefined when none is given. */
  choices(name: string): string[] | undefined {
    const given = [this.#given(name), this.raw[`${name}[]`]].flat();
    const values = given.map((value) => value?.trim() ?? '').filter((value) => value !== '');
    if (values.some((value) => value.includes('\0'))) throw invalidField(name, MESSAGES.nul);
    return values.length > 0 ? values : undefined;
  }

  boolean(name: string): boolean | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : TRUE.has(value.toLowerCase());
  }

  integer(name: string): number | undefined {
    return this.#read(name, readInteger);
  }

  date(name: string): string | undefined {
    return this.#read(name, readDate);
  }

  /** Returns a moment in UTC, as the API writes it. */
  datetime(name: string): string | undefined {
    return this.#read(name, readDateTime);
  }

  #given(name: string): string | string[] | undefined {
    if (this.declared && !Object.hasOwn(this.declared, name)) {
      throw new Error(`The route reads the parameter "${name}" but does not declare it under \`query\``);
    }
    return this.raw[name];
  }

  #read<T>(name: string, read: (value: unknown) => T): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    try {
      return read(value);
    } catch (error) {
      if (!(error instanceof FieldError) || !Array.isArray(error.errors)) throw error;
      throw invalidField(name, error.errors[0] ?? '');
    }
  }
}
