import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import { decimal } from '../../http/fields/decimal.js';
import { required } from '../../http/fields/field.js';
import { integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import type { RouteDefinition } from '../../routing/route.js';
import { catalogRoutes } from '../shared/catalog.js';
import { lookup } from '../shared/columns.js';

// Courses, and their classification: level, broad and narrow field.

const name = required(text({ min: 1, max: 100 }));
const nameOutput = Type.String({ maxLength: 100 });
const BY_NAME = { by: sql`r.name, r.id DESC` };

export function courseLevelRoutes(database: Database): RouteDefinition[] {
  return catalogRoutes(database, {
    path: '/api/v1/course-levels/',
    tag: 'course-levels',
    kind: 'courselevel',
    table: 'immigration_course_level',
    name: 'CourseLevel',
    fields: { name },
    output: { name: nameOutput },
    columns: {},
    order: BY_NAME,
    uniqueName: true,
  });
}

export function narrowFieldRoutes(database: Database): RouteDefinition[] {
  return catalogRoutes(database, {
    path: '/api/v1/narrow-fields/',
    tag: 'narrow-fields',
    kind: 'narrowfield',
    many: 'narrow fields of study',
    table: 'immigration_narrow_field',
    name: 'NarrowField',
    fields: { name, broad_field: required(integer()) },
    output: {
      broad_field_name: Type.String({ readOnly: true }),
      name: nameOutput,
      broad_field: Type.Integer(),
    },
    columns: { broad_field_name: lookup('broad_field_id', 'immigration_broad_field', 'name') },
    order: {
      join: sql`JOIN immigration_broad_field f ON f.id = r.broad_field_id`,
      by: sql`f.name, r.name, r.id DESC`,
    },
  });
}

const money = () => required(decimal({ digits: 100, places: 2, min: '0' }));
const moneyOutput = () => decimal({ digits: 100, places: 2 }).schema;

export function courseRoutes(database: Database): RouteDefinition[] {
  return catalogRoutes(database, {
    path: '/api/v1/courses/',
    tag: 'courses',
    kind: 'course',
    table: 'immigration_course',
    name: 'Course',
    fields: {
      name,
      total_tuition_fee: money(),
      coe_fee: money(),
      description: text(),
      institute: required(integer()),
      level: required(integer()),
      broad_field: required(integer()),
      narrow_field: required(integer()),
    },
    output: {
      level_name: Type.String({ readOnly: true }),
      broad_field_name: Type.String({ readOnly: true }),
      narrow_field_name: Type.String({ readOnly: true }),
      institute_name: Type.String({ readOnly: true }),
      name: nameOutput,
      total_tuition_fee: moneyOutput(),
      coe_fee: moneyOutput(),
      description: Type.String(),
      institute: Type.Integer(),
      level: Type.Integer(),
      broad_field: Type.Integer(),
      narrow_field: Type.Integer(),
    },
    columns: {
      level_name: lookup('level_id', 'immigration_course_level', 'name'),
      broad_field_name: lookup('broad_field_id', 'immigration_broad_field', 'name'),
      narrow_field_name: lookup('narrow_field_id', 'immigration_narrow_field', 'name'),
      institute_name: lookup('institute_id', 'immigration_institute', 'name'),
    },
    order: {
      join: sql`JOIN immigration_institute i ON i.id = r.institute_id`,
      by: sql`i.name, r.name, r.id DESC`,
    },
  });
}
