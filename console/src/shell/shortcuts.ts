import { useEffect, useSyncExternalStore } from 'react';

/** Something that can be done on the page, by its key or by name in the command menu. */
export interface Command {
  readonly label: string;
  readonly run: () => void;
  /** A single key without Ctrl, Alt or Meta. */
  readonly key?: string;
}

const OFF = 'leopard-keys-off';
let commands: readonly Command[] = [];
const listeners = new Set<() => void>();

function change(next: readonly Command[]): void {
  commands = next;
  for (const listener of listeners) listener();
}

/** Offers commands as long as the component is shown. Give the same array at each rendering. */
export function useCommands(given: readonly Command[]): void {
  useEffect(() => {
    change([...commands, ...given]);
    return () => change(commands.filter((each) => !given.includes(each)));
  }, [given]);
}

export function useAllCommands(): readonly Command[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => commands,
  );
}

/** Returns whether single keys act. People who dictate, or press keys by mistake, turn them off. */
export const keysAreOn = () => localStorage.getItem(OFF) === null;

export function setKeysOn(on: boolean): void {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, '1');
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  !(target instanceof HTMLInputElement && target.type === 'checkbox');

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (!keysAreOn() || document.querySelector('dialog[open]')) return;
  const command = commands.findLast(({ key }) => key === event.key);
  if (!command) return;
  event.preventDefault();
  command.run();
});
