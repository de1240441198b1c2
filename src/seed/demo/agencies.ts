import { randomBytes } from 'node:crypto';
import { DEMO_LOGINS, DEMO_STAFF_PASSWORD, type DemoLogin } from '../demo-logins.js';
import { readDemoData } from './data.js';
import { type StaffPasswords, staffUsername } from './offices.js';
import type { AgencyProfile } from './profile.js';

/** Returns the agency that a tenant shows; tenants other than main and demo get one like main's, with other clients. */
export function agencyOf(schema: string): AgencyProfile {
  const agency = readDemoData<AgencyProfile>(schema === 'tenant_demo' ? 'demo.yaml' : 'main.yaml');
  if (schema === 'tenant_main' || schema === 'tenant_demo') return agency;
  const seed = [...schema].reduce((hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0), agency.seed);
  return { ...agency, seed };
}

/** Returns the documented passwords of main and demo; random ones for tenants that may be in real use. */
export function passwordsOf(schema: string): StaffPasswords {
  const documented = DEMO_LOGINS.find((login) => login.schema === schema && login.role === 'SUPER_ADMIN');
  if (documented) {
    return { adminEmail: documented.email, admin: documented.password, staff: DEMO_STAFF_PASSWORD };
  }
  const name = schema.replace(/^tenant_/, '').replaceAll('_', '-');
  const random = () => randomBytes(12).toString('base64url');
  return { adminEmail: `admin@${name}.com`, admin: random(), staff: random() };
}

/** Returns the admin and the first user of every other role. */
export function loginsOf(schema: string, agency: AgencyProfile, passwords: StaffPasswords): DemoLogin[] {
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
