import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { country, isCountryCode } from '../../http/fields/countries.js';
import {
  type Field,
  FieldError,
  field,
  nullable,
  nullableSchema,
  required,
} from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { integer } from '../../http/fields/scalar.js';
import { choice, orBlank } from '../../http/fields/text.js';
import { GENDERS } from '../shared/client-fields.js';
import {
  choiceOutput,
  countOutput,
  idOutput,
  nameOutput,
  relatedOutput,
  timeOutput,
} from '../shared/output.js';
import { IMPORT_FIELDS, type ImportField } from './columns.js';
import { countryProblem } from './country-names.js';
import { DATE_FORMATS } from './dates.js';
import { DELIMITER_NAMES } from './delimiter.js';
import { ENCODINGS } from './encoding.js';
import { DUPLICATES, OTHER_NAMES } from './plan.js';
import { IMPORT_STATUSES } from './records.js';

const reading = {
  encoding: choice(ENCODINGS),
  delimiter: choice(DELIMITER_NAMES),
};

/** The body of an upload; omitted options for reading the file are guessed. */
export const ImportUpload = body('ClientImportRequest', {
  file: required(field(Type.String({ format: 'binary' }), (value) => value)),
  ...reading,
});

/** The same fields without the file. */
export const ImportReading = body('ClientImportReading', reading);

/** The user's choice of a file's encoding. */
export const EncodingChoice = body('ClientImportEncodingRequest', { encoding: required(choice(ENCODINGS)) });
export type EncodingChoiceInput = ReturnType<typeof EncodingChoice.parse>;

/** Makes a field for a country's code; the error for a country's name contains the code. */
function countryDefault(): Field<string, false> {
  const { parse, ...rest } = country();
  return {
    ...rest,
    parse: (value) => {
      if (typeof value === 'string' && value.trim() !== '' && !isCountryCode(value.trim()))
        throw FieldError.of(countryProblem(value.trim()));
      return parse(value);
    },
  };
}

/** Makes a field for the field that a column is for, or "" for none. */
const columnField = () => choice<ImportField | ''>(IMPORT_FIELDS, { blankAs: '' });

export const ImportPatch = body(
  'PatchedClientImportRequest',
  optional({
    fields: list(columnField()),
    duplicates: choice(DUPLICATES),
    other_name: choice(OTHER_NAMES),
    date_format: choice(DATE_FORMATS),
    default_gender: choice<(typeof GENDERS)[number] | ''>(GENDERS, { blankAs: '' }),
    default_country: countryDefault(),
    default_branch_id: nullable(integer()),
  }),
);
export type ImportPatchInput = ReturnType<typeof ImportPatch.parse>;

const OTHER_NAMED_OUTCOMES = ['CREATED', 'UPDATED', 'SKIPPED'] as const;
const orNull = () => nullableSchema(timeOutput());

const output = {
  id: idOutput(),
  filename: Type.String(),
  status: choiceOutput(IMPORT_STATUSES),
  encoding: orBlank({
    type: 'string',
    enum: ENCODINGS,
    description: 'empty while somebody has to say it: see encoding_choices',
  }),
  delimiter: orBlank({ type: 'string', enum: DELIMITER_NAMES }),
  columns: Type.Array(
    Type.Object({
      header: Type.String(),
      field: orBlank({ type: 'string', enum: IMPORT_FIELDS }),
      samples: Type.Array(Type.String()),
    }),
  ),
  duplicates: choiceOutput(DUPLICATES),
  other_name: choiceOutput(OTHER_NAMES),
  date_format: choiceOutput(DATE_FORMATS),
  default_gender: orBlank({ type: 'string', enum: GENDERS }),
  default_country: Type.String(),
  default_branch: relatedOutput(),
  row_count: countOutput(),
  processed: countOutput(),
  created: countOutput(),
  updated: countOutput(),
  skipped: countOutput(),
  failed: countOutput(),
  other_named: countOutput(),
  undone: countOutput(),
  kept: countOutput(),
  error: Type.String(),
  created_by: relatedOutput(),
  created_by_name: nameOutput(),
  created_at: timeOutput(),
  updated_at: timeOutput(),
  checked_at: orNull(),
  started_at: orNull(),
  finished_at: orNull(),
  undo_started_at: orNull(),
  undone_at: orNull(),
};

export const ClientImportOutput = component('ClientImportOutput', Type.Object(output));
export type ClientImportOutput = Static<typeof ClientImportOutput>;

export const ClientImportDetail = component(
  'ClientImportDetail',
  Type.Object({
    ...output,
    failures: Type.Array(
      Type.Object({
        row: Type.Integer({ description: 'as a spreadsheet shows it: the header is row 1' }),
        errors: Type.Object({}, { additionalProperties: true, description: 'field → list of messages' }),
      }),
      { description: 'the first 100 rows that failed, in the last dry run or the run' },
    ),
    other_named_rows: Type.Array(
      Type.Object({
        row: Type.Integer(),
        outcome: choiceOutput(OTHER_NAMED_OUTCOMES),
        by: choiceOutput(['email', 'phone_number']),
        client: nullableSchema(Type.Integer({ description: 'null: a client that the file itself brings' })),
        client_row: nullableSchema(Type.Integer({ description: 'the row that brings the client' })),
        client_name: Type.String(),
      }),
      {
        description:
          'the first 100 rows that have the e-mail address or phone number of a client of another name',
      },
    ),
    encoding_choices: Type.Array(
      Type.Object({ encoding: choiceOutput(ENCODINGS), samples: Type.Array(Type.String()) }),
      { description: 'where the file does not tell its encoding: texts of it as each encoding reads them' },
    ),
  }),
);
export type ClientImportDetail = Static<typeof ClientImportDetail>;
