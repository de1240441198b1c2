// What is typed and not saved survives a reload of the tab. It is personal data, so it ends with the tab and with the session.

const PREFIX = 'leopard-draft:';
/** Characters of one draft; a longer one is not kept. */
const LONGEST = 200_000;

export interface Draft {
  readonly at: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export function readDraft(name: string): Draft | null {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + name) ?? 'null');
  } catch {
    return null;
  }
}

/** Keeps a form's changed values; none: forgets them. */
export function writeDraft(name: string, values: Draft['values']): void {
  const isEmpty = Object.keys(values).length === 0;
  const text = JSON.stringify({ at: new Date().toISOString(), values });
  try {
    if (isEmpty || text.length > LONGEST) sessionStorage.removeItem(PREFIX + name);
    else sessionStorage.setItem(PREFIX + name, text);
  } catch {
    // No room, or no storage: the form works without.
  }
}

export function clearDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}
