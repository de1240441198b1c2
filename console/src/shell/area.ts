import type { ComponentType } from 'react';
import type { Right } from '../api/profile.ts';

/** A page of the console. */
export interface Page {
  /** Its path below /admin, such as `/clients/$id`. */
  readonly path: string;
  /** Loads the component when somebody opens the page. */
  load(): Promise<{ readonly default: ComponentType }>;
  /** Its name in the navigation and the command menu; none for pages that are reached from others. */
  readonly nav?: string;
  /** The right that it takes. */
  readonly right?: Right;
}

/** Pages that belong together, under one heading of the navigation. */
export interface Area {
  readonly title: string;
  readonly pages: readonly Page[];
}
