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

const course = (name: string, level: string, broad: string, narrow: string, fee: number) => ({
  name,
  level,
  broad,
  narrow,
  fee,
});

const IT = 'Information Technology';
const BUSINESS = 'Management and Commerce';
const HEALTH = 'Health';
const SOCIETY = 'Society and Culture';
const SERVICE = 'Food, Hospitality and Personal Services';

/** Fictional institutes, with realistic courses. */
export const INSTITUTES = {
  harbour: {
    name: 'Harbour City University',
    shortName: 'HCU',
    phone: '+61255501000',
    website: 'https://hcu.example',
    locations: [
      ['18 Broadway', 'Ultimo', 'NSW', '2007', 'AU'],
      ['2 George Street', 'Parramatta', 'NSW', '2150', 'AU'],
    ],
    contact: ['Imogen Hartley', 'FEMALE', 'International Admissions Manager'],
    courses: [
      course('Master of Information Technology', 'Master', IT, 'Computer Science', 78_400),
      course('Bachelor of Nursing', 'Bachelor', HEALTH, 'Nursing', 104_500),
      course('Master of Professional Accounting', 'Master', BUSINESS, 'Accounting', 71_000),
    ],
  },
  yarra: {
    name: 'Yarra Institute of Technology',
    shortName: 'YIT',
    phone: '+61355502000',
    website: 'https://yit.example',
    locations: [['301 Swanston Street', 'Melbourne', 'VIC', '3000', 'AU']],
    contact: ['Callum Reid', 'MALE', 'Partnerships Officer'],
    courses: [
      course('Diploma of Information Technology', 'Diploma', IT, 'Computer Science', 16_800),
      course('Certificate IV in Commercial Cookery', 'Certificate IV', SERVICE, 'Commercial Cookery', 18_500),
      course('Diploma of Early Childhood Education', 'Diploma', SOCIETY, 'Early Childhood', 15_200),
    ],
  },
  bayside: {
    name: 'Bayside English College',
    shortName: 'BEC',
    phone: '+61355503000',
    website: 'https://bayside-english.example',
    locations: [['77 Acland Street', 'St Kilda', 'VIC', '3182', 'AU']],
    contact: ['Noémie Laurent', 'FEMALE', 'Student Services'],
    courses: [
      course('General English, 24 weeks', 'English Language', SOCIETY, 'Language and Literature', 7_680),
    ],
  },
  wattle: {
    name: 'Wattle Valley University',
    shortName: 'WVU',
    phone: '+61855504000',
    website: 'https://wvu.example',
    locations: [['1 North Terrace', 'Adelaide', 'SA', '5000', 'AU']],
    contact: ['Peter Kowalczyk', 'MALE', 'Regional Manager South Asia'],
    courses: [
      course('Master of Social Work', 'Master', SOCIETY, 'Social Work', 69_000),
      course('Master of Data Science', 'Master', IT, 'Data Science', 82_000),
      course('Bachelor of Business', 'Bachelor', BUSINESS, 'Business Administration', 92_100),
    ],
  },
  pennine: {
    name: 'University of Pennine',
    shortName: 'UoP',
    phone: '+441134960500',
    website: 'https://pennine.example',
    locations: [['Woodhouse Lane', 'Leeds', 'West Yorkshire', 'LS2 9JT', 'GB']],
    contact: ['Amelia Thwaite', 'FEMALE', 'Country Manager Nepal'],
    courses: [
      course('MSc International Business', 'Master', BUSINESS, 'Business Administration', 16_900),
      course('BSc (Hons) Computing', 'Bachelor', IT, 'Computer Science', 45_000),
    ],
  },
  sakura: {
    name: 'さくら日本語学院 (Sakura Japanese Academy)',
    shortName: 'SJA',
    phone: '+81355550600',
    website: 'https://sakura-nihongo.example',
    locations: [['2-8-1 Nishi-Shinjuku', 'Shinjuku', 'Tokyo', '160-0023', 'JP']],
    contact: ['Kenji Watanabe', 'MALE', 'Admissions'],
    courses: [
      course(
        'Japanese Language, two years',
        'Language Course',
        SOCIETY,
        'Language and Literature',
        1_580_000,
      ),
    ],
  },
} as const satisfies Record<string, InstituteProfile>;

export type InstituteName = keyof typeof INSTITUTES;

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
