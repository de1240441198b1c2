import { ownLicenceBreaches } from './licences.js';
import { vendoredBreaches } from './vendored-files.js';

/** Checks the licences of all packages, offline, and that files taken out of packages are the published ones. */
const breaches = [...ownLicenceBreaches(), ...vendoredBreaches()];
for (const breach of breaches) console.error(breach);
if (breaches.length > 0) process.exit(1);
console.log('dependencies: all licences are allowed, and vendored files are the published ones');
