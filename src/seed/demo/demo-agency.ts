import { type AgencyProfile, agent, branchStaff } from './profile.js';
import { ABROAD_VISAS } from './visas.js';

const PUTALISADAK = 0;
const LALITPUR = 1;
const POKHARA = 2;
const CHITWAN = 3;

/** The tenant demo: an education consultancy in Nepal. */
export const DEMO_AGENCY: AgencyProfile = {
  seed: 0x2b5d3f17,
  name: 'Himal Gateway Education',
  timeZone: 'Asia/Kathmandu',
  utcOffsetHours: 5.75,
  emailDomain: 'himalgateway.example',
  contactPhone: '+97715550300',
  currency: 'NPR',
  country: 'NP',
  admin: { first: 'Rameshwor', last: 'Koirala' },
  regions: [
    {
      name: 'Kathmandu Valley',
      description: 'Kathmandu, Lalitpur and Bhaktapur',
      branches: [
        {
          name: 'Putalisadak',
          phone: '+97715550301',
          street: 'Share Market Complex, Putalisadak Marg',
          place: ['Kathmandu', 'Bagmati', '44600'],
          nearby: [
            ['Baneshwor', 'Bagmati', '44600'],
            ['Koteshwor', 'Bagmati', '44600'],
            ['Kalanki', 'Bagmati', '44614'],
            ['Bhaktapur', 'Bagmati', '44800'],
          ],
        },
        {
          name: 'Lalitpur',
          phone: '+97715550302',
          street: 'Kumaripati, Ward 5',
          place: ['Lalitpur', 'Bagmati', '44700'],
          nearby: [
            ['Jawalakhel', 'Bagmati', '44700'],
            ['Satdobato', 'Bagmati', '44700'],
            ['Imadol', 'Bagmati', '44705'],
          ],
        },
      ],
    },
    {
      name: 'Western Nepal',
      description: 'Pokhara, Chitwan and the hills between',
      branches: [
        {
          name: 'Pokhara',
          phone: '+97761555303',
          street: 'Chipledhunga 4',
          place: ['Pokhara', 'Gandaki', '33700'],
          nearby: [
            ['Lakeside', 'Gandaki', '33700'],
            ['Baglung', 'Gandaki', '33300'],
            ['Syangja', 'Gandaki', '33800'],
          ],
        },
        {
          name: 'Chitwan',
          phone: '+97756555304',
          street: 'Lions Chowk, Narayangarh',
          place: ['Bharatpur', 'Bagmati', '44200'],
          nearby: [
            ['Ratnanagar', 'Bagmati', '44204'],
            ['Hetauda', 'Bagmati', '44107'],
            ['Gaindakot', 'Gandaki', '33007'],
          ],
        },
      ],
    },
  ],
  staff: [
    { first: 'Prakash', last: 'Adhikari', role: 'REGION_MANAGER', region: 0 },
    { first: 'Mingma', last: 'Sherpa', role: 'REGION_MANAGER', region: 1 },
    branchStaff('BRANCH_ADMIN', 'Sunita', 'Shrestha', PUTALISADAK),
    branchStaff('BRANCH_ADMIN', 'Binod', 'Maharjan', LALITPUR),
    branchStaff('BRANCH_ADMIN', 'Kamala', 'Gurung', POKHARA),
    branchStaff('BRANCH_ADMIN', 'Dinesh', 'Chaudhary', CHITWAN),
    branchStaff('CONSULTANT', 'Anil', 'Tamang', PUTALISADAK),
    branchStaff('CONSULTANT', 'Prativa', 'Regmi', PUTALISADAK),
    branchStaff('CONSULTANT', 'Rabindra', 'Joshi', LALITPUR),
    branchStaff('CONSULTANT', 'Shristi', 'Bajracharya', LALITPUR),
    branchStaff('CONSULTANT', 'Yam', 'Pun', POKHARA),
    branchStaff('CONSULTANT', 'Deepa', 'Subedi', POKHARA),
    branchStaff('CONSULTANT', 'Hari', 'Mahato', CHITWAN),
  ],
  clientCount: 200,
  cultures: [
    ['nepali', 84],
    ['indian', 10],
    ['chinese', 3],
    ['vietnamese', 1],
    ['arabic', 1],
    ['latin', 1],
  ],
  streets: ['Siddhartha Marg', 'Bhanu Marg', 'Shanti Marg', 'Milan Chowk', 'Ganesh Tol', 'Ring Road'],
  livingNearby: 0.9,
  visas: ABROAD_VISAS,
  agents: [
    agent('Lumbini Career Centre', 'SUB_AGENT', 'NP', '+97771555401', 'Butwal'),
    agent('Koshi Abroad Studies', 'SUB_AGENT', 'NP', '+97721555402', 'Biratnagar'),
    agent('Global Pathways Sydney', 'SUPER_AGENT', 'AU', '+61255500403', 'Haymarket'),
    agent('東京留学センター (Tokyo Study Centre)', 'SUPER_AGENT', 'JP', '+81355550404', '新宿区'),
  ],
  institutes: ['wattle', 'harbour', 'pennine', 'sakura'],
};
