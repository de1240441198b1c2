/** The latest ids, up to a number. */
export class RecentIds {
  readonly #ids = new Set<number>();

  constructor(private readonly most: number) {}

  /** Adds an id. @returns false when it was there */
  add(id: number): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > this.most) for (const oldest of this.#ids) return this.#ids.delete(oldest);
    return true;
  }
}
