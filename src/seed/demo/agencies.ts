import { randomBytes } from 'node:crypto';
import { DEMO_LOGINS, DEMO_STAFF_PASSWORD, type DemoLogin } from '../demo-logins.js';
import { DEMO_AGENCY } from './demo-agency.js';
import { MAIN_AGENCY } from './main-agency.js';
import { type Passwords, staffUsername } from './offices.js';
import type { AgencyProfile } from './profile.js';

const OWN_AGENCIES: Readonly<Record<string, AgencyProfile>> = {
  tenant_main: MAIN_AGENCY,
  tenant_demo: DEMO_AGENCY,
};

/** Returns the agency that a tenant shows; tenants other than main and demo get one like main's, with other clients. */
export function agencyOf(schema: string): AgencyProfile {
  const own = OWN_AGENCIES[schema];
  if (own) return own;
  const seed = [...schema].reduce(
    (hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0),
    MAIN_AGENCY.seed,
  );
  return { ...MAIN_AGENCY, seed };
}

/** Returns the documented passwords of main and demo; random ones for tenants that may be in real use. */
export function passwordsOf(schema: string): Passwords {
  const documented = DEMO_LOGINS.find((login) => login.schema === schema && login.role === 'SUPER_ADMIN');
  if (documented) {
    return { adminEmail: documented.email, admin: documented.password, staff: DEMO_STAFF_PASSWORD };
  }
  const name = schema.replace(/^tenant_/, '').replaceAll('_', '-');
  const random = () => randomBytes(12).toString('base64url');
  return { adminEmail: `admin@${name}.com`, admin: random(), staff: random() };
}

/** Returns the admin and the first user of every other role. */
export function loginsOf(schema: string, agency: AgencyProfile, passwords: Passwords): DemoLogin[] {
  const admin: DemoLogin = {
    schema,
    role: 'SUPER_ADMIN',
    username: passwords.adminEmail,
    email: passwords.adminEmail,
    password: passwords.admin,
  };
  const roles = [...new Set(agency.staff.map(({ role }) => role))];
  const others = roles.map((role) => {
    const username = staffUsername(agency.staff.find((person) => person.role === role)!);
    return { schema, role, username, email: `${username}@${agency.emailDomain}`, password: passwords.staff };
  });
  return [admin, ...others];
}
