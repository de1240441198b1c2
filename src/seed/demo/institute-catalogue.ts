import { readDemoData } from './data.js';

type Location = readonly [street: string, suburb: string, state: string, postcode: string, country: string];

export interface InstituteProfile {
  readonly name: string;
  readonly shortName: string;
  readonly phone: string;
  readonly website: string;
  /** Its locations, the main one first. */
  readonly locations: readonly [Location, ...Location[]];
  readonly contact: readonly [name: string, gender: string, position: string];
  /** Its courses. The fee is for the whole course, in the currency of the institute's country. */
  readonly courses: readonly {
    readonly name: string;
    readonly level: string;
    readonly broad: string;
    readonly narrow: string;
    readonly fee: number;
  }[];
}

const INSTITUTES = readDemoData<Readonly<Record<string, InstituteProfile>>>('institutes.yaml');

/** Returns a fictional institute, with realistic courses. @throws Error for an unknown name */
export function instituteOf(name: string): InstituteProfile {
  const institute = INSTITUTES[name];
  if (!institute) throw new Error(`data/demo/institutes.yaml has no ${name}`);
  return institute;
}

/** The months in which courses begin, and the names of these intakes. */
export const INTAKES = [
  [2, 'Semester 1'],
  [7, 'Semester 2'],
  [11, 'Summer intake'],
] as const;

export const REQUIREMENTS = [
  ['English language', 'IELTS Academic 6.5 overall, no band below 6.0, or equivalent.', 'LANGUAGE'],
  ['Academic transcripts', 'Certified transcripts of the last qualification, with translations.', 'ACADEMIC'],
  ['Proof of funds', 'Tuition, travel and twelve months of living costs.', 'FINANCIAL'],
] as const;

export const LANGUAGE_EXAMS = [
  ['IELTS Academic', 2, 'Bands from 0 to 9 in steps of a half.'],
  ['PTE Academic', 2, 'Scores from 10 to 90.'],
  ['TOEFL iBT', 2, 'Scores from 0 to 120.'],
  ['JLPT', 0, 'Levels N5 to N1; results do not lapse.'],
] as const;
