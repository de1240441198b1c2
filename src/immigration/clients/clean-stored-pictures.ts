import { buffer } from 'node:stream/consumers';
import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import { cleanPicture, hasMetadata, PictureError } from '../../storage/clean-picture.js';
import type { MediaStore } from '../../storage/media-store.js';
import { PICTURES_KIND } from './profile-picture.js';

/** The numbers of a tenant's pictures: all, those cleaned now, and those that could not be read, which stay. */
export interface CleanedPictures {
  pictures: number;
  cleaned: number;
  unreadable: number;
}

interface StoredPicture {
  readonly id: number;
  readonly file: string;
}

const AT_ONCE = 100;

/**
 * Cleans a tenant's stored pictures that have metadata, as uploads are; those without stay as they are, so that it may be
 * repeated. A file is replaced by one under another name, to which the row is moved, unless somebody replaces the picture
 * meanwhile.
 */
export async function cleanStoredPictures(
  database: Database,
  media: MediaStore,
  schema: string,
): Promise<CleanedPictures> {
  const counts = { pictures: 0, cleaned: 0, unreadable: 0 };
  for (let last = 0; ; ) {
    const rows = await database.tenantQuery(
      { schema, userId: null },
      sql<StoredPicture>`
        SELECT id, file FROM immigration_profilepicture WHERE id > ${last} ORDER BY id LIMIT ${sql.lit(AT_ONCE)}`,
    );
    for (const row of rows) {
      counts.pictures++;
      const outcome = await cleanOne(database, media, schema, row);
      if (outcome !== null) counts[outcome]++;
    }
    if (rows.length < AT_ONCE) return counts;
    last = (rows.at(-1) as StoredPicture).id;
  }
}

async function cleanOne(
  database: Database,
  media: MediaStore,
  schema: string,
  { id, file }: StoredPicture,
): Promise<'cleaned' | 'unreadable' | null> {
  const stored = await media.open(schema, file);
  if (!stored) return 'unreadable';
  const before = await buffer(stored.stream);
  try {
    if (!(await hasMetadata(before))) return null;
    const { content, type, extension } = await cleanPicture(before);
    const cleaned = await media.put(schema, PICTURES_KIND, extension, content);
    const moved = await database.tenantQuery(
      { schema, userId: null },
      sql`
        UPDATE immigration_profilepicture SET file = ${cleaned}, file_size = ${content.length}, file_type = ${type}
        WHERE id = ${id} AND file = ${file} RETURNING id`,
    );
    await media.remove(schema, moved.length > 0 ? file : cleaned);
    return moved.length > 0 ? 'cleaned' : null;
  } catch (error) {
    if (error instanceof PictureError) return 'unreadable';
    throw error;
  }
}
