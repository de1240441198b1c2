import { type AgencyProfile, agent, branchStaff } from './profile.js';
import { AUSTRALIAN_VISAS } from './visas.js';

const SYDNEY = 0;
const PARRAMATTA = 1;
const MELBOURNE = 2;
const DANDENONG = 3;

const admin = (first: string, last: string, branch: number) =>
  branchStaff('BRANCH_ADMIN', first, last, branch);
const consultant = (first: string, last: string, branch: number) =>
  branchStaff('CONSULTANT', first, last, branch);

/** The tenant main: a migration agency in Sydney and Melbourne. */
export const MAIN_AGENCY: AgencyProfile = {
  seed: 0x1e09a7d1,
  name: 'Southern Cross Migration',
  timeZone: 'Australia/Sydney',
  utcOffsetHours: 10,
  emailDomain: 'southerncross.example',
  contactPhone: '+61255500100',
  currency: 'AUD',
  country: 'AU',
  admin: { first: 'Margaret', last: 'Collins' },
  regions: [
    {
      name: 'New South Wales',
      description: 'Sydney and Western Sydney',
      branches: [
        {
          name: 'Sydney CBD',
          phone: '+61255500101',
          street: 'Level 8, 233 Castlereagh Street',
          place: ['Sydney', 'NSW', '2000'],
          nearby: [
            ['Ultimo', 'NSW', '2007'],
            ['Burwood', 'NSW', '2134'],
            ['Hurstville', 'NSW', '2220'],
            ['Campsie', 'NSW', '2194'],
          ],
        },
        {
          name: 'Parramatta',
          phone: '+61255500102',
          street: 'Suite 4, 89 Phillip Street',
          place: ['Parramatta', 'NSW', '2150'],
          nearby: [
            ['Harris Park', 'NSW', '2150'],
            ['Auburn', 'NSW', '2144'],
            ['Blacktown', 'NSW', '2148'],
            ['Westmead', 'NSW', '2145'],
          ],
        },
      ],
    },
    {
      name: 'Victoria',
      description: 'Melbourne and its south-east',
      branches: [
        {
          name: 'Melbourne CBD',
          phone: '+61355500103',
          street: 'Level 3, 470 Collins Street',
          place: ['Melbourne', 'VIC', '3000'],
          nearby: [
            ['Footscray', 'VIC', '3011'],
            ['Carlton', 'VIC', '3053'],
            ['Box Hill', 'VIC', '3128'],
            ['Coburg', 'VIC', '3058'],
          ],
        },
        {
          name: 'Dandenong',
          phone: '+61355500104',
          street: '12 Lonsdale Street',
          place: ['Dandenong', 'VIC', '3175'],
          nearby: [
            ['Springvale', 'VIC', '3171'],
            ['Noble Park', 'VIC', '3174'],
            ['Clayton', 'VIC', '3168'],
          ],
        },
      ],
    },
  ],
  staff: [
    { first: 'Helen', last: 'Papadopoulos', role: 'REGION_MANAGER', region: 0 },
    { first: 'Andrew', last: 'McAllister', role: 'REGION_MANAGER', region: 1 },
    admin('Daniel', 'Okafor', SYDNEY),
    admin('Priya', 'Raman', PARRAMATTA),
    admin('Sophie', 'Lindqvist', MELBOURNE),
    admin('Nasrin', 'Haidari', DANDENONG),
    consultant('Linh', 'Tran', SYDNEY),
    consultant('James', 'Whitfield', SYDNEY),
    consultant('Bishnu', 'Gautam', PARRAMATTA),
    consultant('Layla', 'Khoury', PARRAMATTA),
    consultant('Xin', 'Zhao', MELBOURNE),
    consultant('María', 'Ibáñez', MELBOURNE),
    consultant('Sanduni', 'Perera', DANDENONG),
  ],
  clientCount: 300,
  cultures: [
    ['nepali', 20],
    ['indian', 22],
    ['chinese', 18],
    ['vietnamese', 14],
    ['arabic', 12],
    ['latin', 14],
  ],
  streets: ['High Street', 'Station Road', 'Park Avenue', 'King Street', 'Church Street', 'Railway Parade'],
  livingNearby: 0.7,
  visas: AUSTRALIAN_VISAS,
  agents: [
    agent('Kathmandu Study Link', 'SUPER_AGENT', 'NP', '+97715550201', 'Putalisadak'),
    agent('Punjab Overseas Advisers', 'SUPER_AGENT', 'IN', '+911615550202', 'Ludhiana'),
    agent('北京留学服务 (Beijing Study Service)', 'SUB_AGENT', 'CN', '+861055550203', '朝阳区'),
    agent('Du Học Sài Gòn', 'SUB_AGENT', 'VN', '+842855550204', 'Quận 3'),
    agent('Beirut Bridge Consultants', 'SUB_AGENT', 'LB', '+96115550205', 'Hamra'),
    agent('Bogotá Estudios', 'SUB_AGENT', 'CO', '+5715550206', 'Chapinero'),
  ],
  institutes: ['harbour', 'yarra', 'bayside'],
};
