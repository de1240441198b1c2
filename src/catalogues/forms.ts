import { Type } from '@sinclair/typebox';

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const description = Type.Optional(Type.String());
const checklist = Type.Optional(Type.Array(Type.String({ minLength: 1 })));
const exact = { additionalProperties: false } as const;

/** An examination of a language, as the files have it. */
export const LanguageExam = Type.Object(
  { name: text(100), validity_term: Type.Integer({ minimum: 0, maximum: 100 }), description: Type.String() },
  exact,
);
/** A kind of application, with its stages. */
export const ApplicationType = Type.Object(
  {
    title: text(255),
    description: Type.String(),
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    tax_name: Type.String({ maxLength: 100 }),
    tax_percentage: Type.String({ pattern: '^\\d{1,2}\\.\\d\\d$' }),
    stages: Type.Array(text(100), { minItems: 1, uniqueItems: true }),
  },
  exact,
);
const VisaType = Type.Object({ name: text(100), code: text(50), description, checklist }, exact);
const VisaCategory = Type.Object(
  {
    name: text(100),
    code: text(20),
    description: Type.String(),
    checklist,
    types: Type.Array(VisaType, { minItems: 1 }),
  },
  exact,
);
/** The form of `shared.yaml`. */
export const Shared = Type.Object(
  {
    language_exams: Type.Array(LanguageExam),
    fields_of_study: Type.Record(Type.String(), Type.Record(text(100), Type.Array(text(100)))),
  },
  exact,
);
/** The form of a country's file. */
export const Country = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    fields_of_study: Type.String(),
    language_exams: Type.Array(Type.String()),
    course_levels: Type.Array(text(100), { uniqueItems: true }),
    application_types: Type.Array(ApplicationType),
    visa_categories: Type.Array(VisaCategory),
  },
  exact,
);
