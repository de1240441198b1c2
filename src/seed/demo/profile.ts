import type { NewRow } from '../insert-rows.js';
import type { Place } from './cultures.js';

export type StaffRole = 'REGION_MANAGER' | 'BRANCH_ADMIN' | 'CONSULTANT';

export interface StaffProfile {
  readonly first: string;
  readonly last: string;
  readonly role: StaffRole;
  /** Position in `regions`, for region managers. */
  readonly region?: number;
  /** Position among all branches, for everybody else. */
  readonly branch?: number;
}

export interface BranchProfile {
  readonly name: string;
  readonly phone: string;
  readonly street: string;
  readonly place: Place;
  /** Places where the clients of this branch live who live near it. */
  readonly nearby: readonly Place[];
}

interface VisaProfile {
  readonly name: string;
  readonly code: string;
  readonly description: string;
  /** The country where its holders study; none by default. */
  readonly studyIn?: string;
  readonly types: readonly VisaTypeProfile[];
}

export interface VisaTypeProfile {
  readonly name: string;
  readonly code: string;
  /** The authority's fee, in whole units of `currency`. */
  readonly fee: number;
  readonly currency: string;
  readonly checklist: readonly string[];
}

/** An agency as the demonstration data shows it. */
export interface AgencyProfile {
  readonly seed: number;
  readonly name: string;
  readonly timeZone: string;
  readonly utcOffsetHours: number;
  readonly emailDomain: string;
  readonly contactPhone: string;
  /** The currency of the agency's own fees. */
  readonly currency: string;
  readonly country: string;
  readonly admin: { readonly first: string; readonly last: string };
  readonly regions: readonly {
    readonly name: string;
    readonly description: string;
    readonly branches: readonly BranchProfile[];
  }[];
  readonly staff: readonly StaffProfile[];
  readonly clientCount: number;
  /** The cultures of its clients, as data/demo/people.yaml names them, and their weights. */
  readonly cultures: readonly (readonly [string, number])[];
  /** Streets near the branches. */
  readonly streets: readonly string[];
  /** The share of clients who live near their branch, from 0 to 1. */
  readonly livingNearby: number;
  readonly visas: readonly VisaProfile[];
  readonly agents: readonly NewRow<'immigration_agent'>[];
  /** As data/demo/institutes.yaml names them. */
  readonly institutes: readonly string[];
}
