/** Measurements on an agency of 10,000 clients, with an aim for the median. */
export interface AgencyPart {
  readonly title: string;
  /** Milliseconds. */
  readonly aim: number;
  /** Cases, each requested by the whole agency's admin and by the admin of one branch. */
  readonly cases: readonly { readonly what: string; readonly path: string }[];
}

const question = (what: string, q: string) => ({
  what: `${what}: ${q}`,
  path: `/api/v1/search/?${new URLSearchParams({ q })}`,
});

const list = (what: string, path: string, filter: string, text: string) => ({
  what: `${what}: ${text}`,
  path: `/api/v1/${path}/?${new URLSearchParams({ [filter]: text })}`,
});

export const AGENCY_PARTS: Readonly<Record<'search' | 'dashboards', AgencyPart>> = {
  search: {
    title: 'Search over all kinds of records',
    aim: 50,
    cases: [
      question('a name', 'ramesh sharma'),
      question('without its accents', 'nguyen'),
      question('in Devanagari', 'सीता'),
      question('in Chinese', '王伟'),
      question('two letters', 'an'),
      question('misspelt', 'shresta'),
      question('misspelt', 'ramseh sharma'),
      question('not there', 'xyzzyq'),
      question('a number', 'S70001243'),
      question('the beginning of all numbers', 's7000'),
      question('part of every e-mail address', 'example'),
      question('a tenth of all institutes', 'wollongong'),
      question('a quarter of all visa types', 'student'),
      list('list of clients, a name', 'clients', 'search', 'ramesh'),
      list('list of clients, both names', 'clients', 'search', 'ramesh sharma'),
      list('list of clients, two letters', 'clients', 'search', 'an'),
      list('list of clients, not there', 'clients', 'search', 'xyzzyq'),
      list('list of clients, part of every address', 'clients', 'search', 'example'),
      list('list of clients by e-mail', 'clients', 'email', 'sharma'),
      list('visa applications by client', 'visa-applications', 'client_name', 'sharma'),
      list('visa applications by client, two letters', 'visa-applications', 'client_name', 'an'),
    ],
  },
  dashboards: {
    title: 'Dashboards over 10,000 applications of either kind',
    aim: 100,
    cases: [
      { what: 'visa applications', path: '/api/v1/visa-applications/dashboard-statistics/' },
      { what: 'visa applications by status', path: '/api/v1/visa-applications/status-counts/' },
      ...['all', 'today', 'this_week', 'this_month'].map((filter) => ({
        what: `college applications, ${filter}`,
        path: `/api/v1/college-applications/dashboard-statistics/?time_filter=${filter}`,
      })),
      { what: 'college applications by stage', path: '/api/v1/college-applications/stage-counts/' },
    ],
  },
};
