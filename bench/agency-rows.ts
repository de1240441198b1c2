/**
 * Additions to the contract's data set for an agency of this size: realistic names, and applications. SQL for the
 * schema of a tenant with that data set.
 */

/** Number of clients in the contract's data set, and of added applications of either kind. */
export const APPLICATIONS = 10_000;

const list = (text: string) => `ARRAY[${text.split(/,\s*/).map((name) => `'${name}'`)}]`;

const GIVEN = list(
  `Ramesh, Sita, Bikash, Anjali, Suman, Sabina, Rajesh, Puja, Prabin, Asmita, Dipesh, Manisha, Sagar, Sarita, Nabin,
  Arjun, Priya, Rahul, Ananya, Vikram, Simran, Harpreet, Kavya, Amit, Neha, Karthik, Divya, Sanjay, Meera, Nikhil,
  Wei, Xiaoming, Jun, Hao, Mei, Jing, 小明, 伟, 丽, 晓燕, Minh Đức, Thị Hương, Quang Huy, Ngọc Ánh, Tuấn Anh, Thu Hà,
  सीता, बिकाश, अञ्जली, Maria, James, Olivia, Carlos, Juan, Angelica, Fatima, Mohammed, Aisha, Emmanuel, Grace`,
);
const FAMILY = list(
  `Gurung, Shrestha, Thapa, Karki, Adhikari, Tamang, Magar, Rai, Limbu, Maharjan, Poudel, Bhattarai, Khadka, Sherpa,
  Sharma, Patel, Singh, Kaur, Reddy, Nair, Iyer, Gupta, Mehta, Fernandes, Banerjee, Khan, Chopra, Joshi, Verma,
  Wang, Li, Zhang, Liu, Chen, Yang, Huang, 王, 李, 欧阳, Nguyễn, Trần, Lê, Phạm, Hoàng, Phan, Vũ, गुरुङ, श्रेष्ठ, थापा,
  Santos, Reyes, Cruz, Garcia, Silva, Okafor, Mensah, Smith, Jones, Williams, Brown, Taylor`,
);
const WORDS = list(
  `Wollongong, Kathmandu, Melbourne, Sydney, Brisbane, Adelaide, Perth, Canberra, Hobart, Darwin, Newcastle, Geelong,
  Cairns, Ballarat, Bendigo, Toronto, Vancouver, Auckland, Wellington, Manchester`,
);
const pick = (array: string, by: string) => `(${array})[1 + (${by}) % array_length(${array}, 1)]`;
/** Returns pseudo-random numbers that are the same each time. */
const mixed = (seed: number) => `(hashint8extended(n, ${seed}) & 1073741823)::int`;

export const AGENCY_ROWS: readonly string[] = [
  `UPDATE immigration_client c SET first_name = ${pick(GIVEN, mixed(1))}, last_name = ${pick(FAMILY, mixed(2))},
     middle_name = CASE WHEN n % 7 = 0 THEN ${pick(GIVEN, mixed(3))} ELSE '' END,
     email = 'c' || n || '@' || lower(${pick(WORDS, mixed(4))}) || '.example.com', phone_number = '+97798' || (10000000 + ${mixed(5)} % 89999999)
   FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM immigration_client) numbered WHERE numbered.id = c.id`,
  `INSERT INTO immigration_visatype (name, code, visa_category_id)
   SELECT (ARRAY['Student', 'Skilled', 'Visitor', 'Partner'])[1 + n % 4] || ' visa, subclass ' || (400 + n), 'SC-' || (400 + n), 1 + n % 5
   FROM generate_series(1, 40) n`,
  `INSERT INTO immigration_institute (name, short_name)
   SELECT (ARRAY['University of ', 'College of ', 'Institute of '])[1 + n % 3] || ${pick(WORDS, 'n')} || ' ' || n, 'I' || n
   FROM generate_series(1, 200) n`,
  `INSERT INTO immigration_institute_location (institute_id, country, state) SELECT n, 'AU', 'NSW' FROM generate_series(1, 200) n`,
  `INSERT INTO immigration_institute_intake (institute_id, intake_date)
   SELECT n, current_date - 300 + 90 * k FROM generate_series(1, 200) n, generate_series(0, 7) k`,
  "INSERT INTO immigration_course_level (name) VALUES ('Bachelor'), ('Master')",
  "INSERT INTO immigration_broad_field (name) VALUES ('Information technology')",
  "INSERT INTO immigration_narrow_field (name, broad_field_id) VALUES ('Software engineering', 1)",
  `INSERT INTO immigration_course (name, institute_id, level_id, broad_field_id, narrow_field_id)
   SELECT 'Course ' || k, n, 1 + k % 2, 1, 1 FROM generate_series(1, 200) n, generate_series(1, 10) k`,
  "INSERT INTO immigration_applicationtype (title) SELECT 'Type ' || n FROM generate_series(1, 8) n",
  `INSERT INTO immigration_stage (application_type_id, stage_name, position)
   SELECT n, 'Stage ' || k, k FROM generate_series(1, 8) n, generate_series(1, 6) k`,
  `INSERT INTO immigration_visaapplication
     (client_id, visa_type_id, transaction_reference_no, status, assigned_to_id, date_granted, created_at)
   SELECT 1 + ${mixed(11)} % 10000, 1 + ${mixed(12)} % 40, 'TRN-' || upper(substr(md5(n::text), 1, 8)),
     (ARRAY['TO_BE_APPLIED', 'VISA_APPLIED', 'CASE_OPENED', 'GRANTED', 'REJECTED', 'WITHDRAWN'])[1 + ${mixed(13)} % 6],
     CASE WHEN n % 5 > 0 THEN 2 + n % 12 END, current_date - ${mixed(14)} % 400, now() - (${mixed(15)} % 500) * interval '1 day'
   FROM generate_series(1, ${APPLICATIONS}) n`,
  `INSERT INTO immigration_collegeapplication
     (client_id, application_type_id, stage_id, institute_id, course_id, start_date_id, location_id, student_id,
      assigned_to_id, created_at)
   SELECT 1 + ${mixed(21)} % 10000, s.application_type_id, s.id, o.institute_id, o.id,
     (o.institute_id - 1) * 8 + 1 + ${mixed(24)} % 8, o.institute_id, 'S' || (70000000 + n),
     CASE WHEN n % 5 > 0 THEN 2 + n % 12 END, now() - (${mixed(25)} % 500) * interval '1 day'
   FROM generate_series(1, ${APPLICATIONS}) n
   JOIN immigration_stage s ON s.id = 1 + ${mixed(22)} % 48
   JOIN immigration_course o ON o.id = 1 + ${mixed(23)} % 2000`,
];
