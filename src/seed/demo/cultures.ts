import type { Random } from './random.js';

export type Place = readonly [suburb: string, state: string, postcode: string];

/** Names of a culture. They are written in Latin letters, after a bar also in the script of their language. */
interface Culture {
  readonly male: readonly string[];
  readonly female: readonly string[];
  readonly last: readonly string[];
  /** The share of names kept in the script of their language. */
  readonly ownScript: number;
  readonly countries: readonly (readonly [string, number])[];
}

const names = (text: string) => text.trim().split(/\s*,\s*/);

const CULTURES = {
  nepali: {
    male: names(
      'Bikash|बिकाश, Suman|सुमन, Rajesh|राजेश, Prabin|प्रविन, Dipesh, Sagar, Nabin, Kiran, Bishal, Roshan, Ashok, Milan, Santosh, Pemba, Tenzing',
    ),
    female: names(
      'Sita|सीता, Anjali|अञ्जली, Sabina|सबिना, Puja|पूजा, Asmita, Manisha, Sarita, Nirmala, Rojina, Binita, Kabita, Susmita, Dolma, Laxmi',
    ),
    last: names(
      'Gurung|गुरुङ, Shrestha|श्रेष्ठ, Thapa|थापा, Karki|कार्की, Adhikari, Tamang, Magar, Rai, Limbu, Maharjan, Poudel, Bhattarai, Khadka, Sherpa, Basnet, Ghimire, KC',
    ),
    ownScript: 0.05,
    countries: [['NP', 1]],
  },
  indian: {
    male: names(
      'Arjun, Rahul, Vikram, Harpreet, Gurpreet, Amit, Karthik, Sanjay, Imran, Nikhil, Rohan, Jaspal',
    ),
    female: names(
      'Priya, Ananya, Simran, Kavya, Neha, Divya, Harleen, Meera, Pooja, Aishwarya, Fatima, Ritu',
    ),
    last: names(
      'Sharma, Patel, Singh, Kaur, Reddy, Nair, Iyer, Gupta, Mehta, Fernandes, D’Souza, Banerjee, Khan, Chopra, Joshi',
    ),
    ownScript: 0,
    countries: [['IN', 1]],
  },
  chinese: {
    male: names(
      'Wei|伟, Xiaoming|小明, Jun|军, Hao|浩, Lei|磊, Zihan|子涵, Yichen|一辰, Chengyu|承宇, Jian|健',
    ),
    female: names('Li|丽, Xiaoyan|晓燕, Mei|梅, Yuxin|雨欣, Jing|静, Xinyi|欣怡, Hui|慧, Lan|兰, Ruoxi|若曦'),
    last: names(
      'Wang|王, Li|李, Zhang|张, Liu|刘, Chen|陈, Yang|杨, Huang|黄, Zhao|赵, Wu|吴, Zhou|周, Lü|吕, Ouyang|欧阳',
    ),
    ownScript: 0.2,
    countries: [
      ['CN', 8],
      ['MY', 1],
      ['SG', 1],
    ],
  },
  vietnamese: {
    male: names('Minh Đức, Quang Huy, Văn Hùng, Tuấn Anh, Hoàng Long, Đình Phong, Bảo, Khánh, Việt'),
    female: names('Thị Hương, Ngọc Ánh, Thùy Linh, Thu Hà, Bích Ngọc, Mai, Phương Thảo, Diễm Quỳnh, Hạnh'),
    last: names('Nguyễn, Trần, Lê, Phạm, Hoàng, Huỳnh, Võ, Đặng, Bùi, Đỗ, Hồ, Dương'),
    ownScript: 0,
    countries: [['VN', 1]],
  },
  arabic: {
    male: names('Omar|عمر, Ahmed|أحمد, Khalid|خالد, Yousef|يوسف, Ali|علي, Hassan, Karim, Samir, Tariq, Ziad'),
    female: names(
      'Fatima|فاطمة, Layla|ليلى, Noor|نور, Maryam|مريم, Amal|أمل, Rania, Hala, Dina, Yasmin, Salma',
    ),
    last: names(
      'Al-Hassan|الحسن, Haddad|حداد, Mansour|منصور, Al-Masri|المصري, Khoury|خوري, Nasser, Saleh, Darwish, Abboud, Farah',
    ),
    ownScript: 0.15,
    countries: [
      ['LB', 3],
      ['EG', 2],
      ['JO', 1],
      ['IQ', 2],
      ['AE', 1],
    ],
  },
  latin: {
    male: names(
      'José, Łukasz, Søren, François, João, Mateo, Liam, Björn, Andrés, Giorgos, Conor, Matthew, Tomáš, Sebastián',
    ),
    female: names(
      'Zoë, Chloé, Mónica, Beatriz, Inês, Siobhán, Małgorzata, Renée, Camila, Anaïs, Katarzyna, Lucía, Eleni, Emma',
    ),
    last: names(
      'Núñez, Wójcik, Ørsted, Lefèvre, Gonçalves, García, O’Brien, Öberg, Muñoz, Papadakis, Ní Bhriain, Černý, Müller, Silva, Kowalski',
    ),
    ownScript: 0,
    countries: [
      ['BR', 3],
      ['CO', 3],
      ['PL', 2],
      ['FR', 2],
      ['IE', 2],
      ['GB', 2],
    ],
  },
} as const satisfies Record<string, Culture>;

export type CultureName = keyof typeof CULTURES;

/**
 * The format of phone numbers, and where people live. British and Australian numbers are those reserved for fiction.
 */
export const COUNTRIES: Readonly<Record<string, { phone: string; places: readonly Place[] }>> = {
  AU: { phone: '+61491570###', places: [['Brisbane City', 'QLD', '4000']] },
  NP: {
    phone: '+97798########',
    places: [
      ['Butwal', 'Lumbini', '32907'],
      ['Biratnagar', 'Koshi', '56613'],
      ['Dharan', 'Koshi', '56700'],
    ],
  },
  IN: {
    phone: '+9198########',
    places: [
      ['Ludhiana', 'Punjab', '141001'],
      ['Ahmedabad', 'Gujarat', '380001'],
      ['Kochi', 'Kerala', '682001'],
      ['Hyderabad', 'Telangana', '500001'],
    ],
  },
  CN: {
    phone: '+86138########',
    places: [
      ['上海', '上海市', '200000'],
      ['Chengdu', 'Sichuan', '610000'],
      ['Guangzhou', 'Guangdong', '510000'],
    ],
  },
  MY: { phone: '+6012#######', places: [['Petaling Jaya', 'Selangor', '46000']] },
  SG: { phone: '+659#######', places: [['Tampines', 'Singapore', '520000']] },
  VN: {
    phone: '+849########',
    places: [
      ['Đà Nẵng', 'Đà Nẵng', '550000'],
      ['Quận 1', 'TP. Hồ Chí Minh', '700000'],
    ],
  },
  LB: { phone: '+96170######', places: [['Tripoli', 'North', '1300']] },
  EG: { phone: '+2010########', places: [['الإسكندرية', 'Alexandria', '21500']] },
  JO: { phone: '+96279#######', places: [['Amman', 'Amman', '11110']] },
  IQ: { phone: '+96477########', places: [['Erbil', 'Erbil', '44001']] },
  AE: { phone: '+97150#######', places: [['Deira', 'Dubai', '00000']] },
  BR: { phone: '+55119########', places: [['São Paulo', 'SP', '01000-000']] },
  CO: { phone: '+5731########', places: [['Medellín', 'Antioquia', '050001']] },
  PL: { phone: '+4850#######', places: [['Łódź', 'Łódzkie', '90-001']] },
  FR: { phone: '+336########', places: [['Besançon', 'Bourgogne-Franche-Comté', '25000']] },
  IE: { phone: '+35385#######', places: [['Dún Laoghaire', 'Dublin', 'A96 AB12']] },
  GB: { phone: '+447700900###', places: [['Leeds', 'West Yorkshire', 'LS1 1AA']] },
};

export interface Person {
  readonly first: string;
  readonly last: string;
  readonly gender: 'MALE' | 'FEMALE';
  /** Nationality. */
  readonly country: string;
  /** The name in plain letters, such as `thi.huong.nguyen`, for an e-mail address. */
  readonly handle: string;
}

/** Makes up a person. */
export function makePerson(random: Random, cultureName: CultureName): Person {
  const culture: Culture = CULTURES[cultureName];
  const gender = random.chance(0.5) ? 'FEMALE' : 'MALE';
  const first = random.pick(gender === 'FEMALE' ? culture.female : culture.male).split('|');
  const last = random.pick(culture.last).split('|');
  const ownScript = first.length > 1 && last.length > 1 && random.chance(culture.ownScript * 3);
  const script = ownScript ? 1 : 0;
  return {
    first: first[script]!,
    last: last[script]!,
    gender,
    country: random.weighted(culture.countries),
    handle: `${plainLetters(first[0]!)}.${plainLetters(last[0]!)}`,
  };
}

const UNDECOMPOSED: Readonly<Record<string, string>> = { đ: 'd', ł: 'l', ø: 'o', ß: 'ss' };

/** Returns a name in plain lower-case letters, with dots between its words. */
export function plainLetters(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[đłøß]/g, (letter) => UNDECOMPOSED[letter]!)
    .replace(/[^a-z]+/g, '.');
}
