import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PACKAGE_ROOT } from '../../platform/package-root.js';

/** Reads one of the files in data/demo. */
export function readDemoData<Content>(file: string): Content {
  return parse(readFileSync(join(PACKAGE_ROOT, 'data', 'demo', file), 'utf8'));
}

/** The texts of the demonstration data; `{first}` stands for a client's first name. */
interface Texts {
  readonly tasks: readonly {
    readonly title: string;
    readonly detail: string;
    readonly tags: readonly string[];
  }[];
  readonly comments: readonly string[];
  readonly adminTasks: readonly PlannedTask[];
  readonly adminReminders: readonly {
    readonly title: string;
    readonly days: number;
    readonly time: string | null;
  }[];
  /** By the client's stage. */
  readonly notes: Readonly<Record<string, readonly string[]>>;
  readonly degrees: readonly (readonly [course: string, degree: string, field: string])[];
  readonly jobs: readonly string[];
  readonly employers: readonly string[];
}

export interface PlannedTask {
  readonly title: string;
  readonly detail: string;
  readonly priority: string;
  readonly status: string;
  /** Days from now until it was assigned, and until it is due. */
  readonly given: number;
  readonly due: number;
}

export const TEXTS = readDemoData<Texts>('texts.yaml');
