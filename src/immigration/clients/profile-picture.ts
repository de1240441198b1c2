import { type Static, Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { firstOr } from '../../database/pending.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { assignments, insertInto } from '../../database/writes.js';
import { LARGEST_FILE } from '../../http/body-limits.js';
import { component } from '../../http/component.js';
import { detailError, notFound } from '../../http/errors.js';
import type { UploadedFile } from '../../http/multipart.js';
import type { UserRequest } from '../../routing/route.js';
import { type CleanPicture, PICTURE_TYPES, PictureError } from '../../storage/clean-picture.js';
import type { MediaStore } from '../../storage/media-store.js';
import { cleanPictureApart } from '../../storage/picture-process.js';
import type { SignedUrls } from '../../storage/signed-urls.js';
import { checkReadable, clientBranch } from '../shared/client-access.js';
import { named } from '../shared/names.js';
import { nameOutput, relatedOutput, timeOutput } from '../shared/output.js';
import { Records } from '../shared/records.js';
import { lockClient } from './selectors.js';

/** The folder of pictures within a tenant's storage. */
export const PICTURES_KIND = 'profile-pictures';

const address = () => Type.String({ format: 'uri' });

export const ProfilePicture = component(
  'ProfilePicture',
  Type.Object({
    id: Type.Integer(),
    client: Type.Integer(),
    file: address(),
    file_url: address(),
    file_size: Type.Integer(),
    file_type: Type.Unsafe<string>({ type: 'string', enum: PICTURE_TYPES }),
    uploaded_by: relatedOutput(),
    uploaded_by_name: nameOutput({}),
    created_at: timeOutput({}),
    updated_at: timeOutput({}),
  }),
);

const { file_url: _, ...rowFields } = ProfilePicture.properties;
/** A row as the API shows it, with the file's path instead of its URLs. */
const PictureRow = Type.Object(rowFields);
type PictureRow = Static<typeof PictureRow>;
type StoredFile = Pick<PictureRow, 'file'>;

const pictures = new Records({
  table: 'immigration_profilepicture',
  output: PictureRow,
  columns: { uploaded_by_name: named('person', 'uploaded_by_id') },
});

/** Clients' pictures: a row in the database, a file in the tenant's own storage. */
export class ProfilePictures {
  constructor(
    private readonly database: Database,
    private readonly media: MediaStore,
    private readonly urls: SignedUrls,
  ) {}

  /** Returns the client's picture. @throws HttpError 404, 403 */
  async read(request: UserRequest, clientId: number) {
    const [[client], [picture]] = await this.database.tenantTransaction(request.context, (transaction) =>
      transaction
        .send(clientBranch(clientId))
        .and(transaction.send(pictures.select(sql`WHERE r.client_id = ${clientId}`))),
    );
    checkReadable(request.user, client);
    if (!picture) throw notFound('Profile picture');
    return this.#present(request, picture);
  }

  /** Checks that the user may reach the client. @throws HttpError 404, 403 */
  async checkClient({ context, user }: UserRequest, clientId: number): Promise<void> {
    await this.database.tenantTransaction(context, (transaction) => lockClient(transaction, user, clientId));
  }

  /**
   * Replaces the client's picture. Of a file, `checkClient` came before it: decoding takes seconds, for which no
   * connection and no lock is held.
   * @throws HttpError 404, 403; 400 without a file, for one that is too large or no picture
   */
  async replace(request: UserRequest, clientId: number, file: UploadedFile | undefined) {
    const { schema } = request.context;
    let stored: string | undefined;
    if (!file) await this.checkClient(request, clientId);
    const { content, type, extension } = await readPicture(schema, file);
    const replacing = this.database.tenantTransaction(request.context, async (transaction) => {
      await lockClient(transaction, request.user, clientId);
      stored = await this.media.put(schema, PICTURES_KIND, extension, content);
      const uploaded_by_id = request.user.id;
      const values = { file: stored, file_size: content.length, file_type: type, uploaded_by_id };
      const earlier = transaction.send(storedFile(clientId));
      const upsert = sql`
        ${insertInto('immigration_profilepicture', { client_id: clientId, ...values })}
        ON CONFLICT (client_id) DO UPDATE SET ${assignments(values)}, updated_at = now()
        RETURNING *`;
      const rows = transaction.send(pictures.changed(upsert));
      return earlier.and(rows).map(([[before], [after]]) => ({
        picture: after as PictureRow,
        replaced: before?.file,
      }));
    });
    try {
      const { picture, replaced } = await replacing;
      stored = replaced; // no row names it any more
      return this.#present(request, picture);
    } finally {
      if (stored) await this.#discard(request, stored);
    }
  }

  /** Removes the picture, row and file. @throws HttpError 404, 403 */
  async remove(request: UserRequest, clientId: number): Promise<void> {
    const file = await this.database.tenantTransaction(
      request.context,
      async (transaction: TenantTransaction) => {
        await lockClient(transaction, request.user, clientId);
        const deleted = transaction.send(
          sql<StoredFile>`DELETE FROM immigration_profilepicture WHERE client_id = ${clientId} RETURNING file`,
        );
        return deleted.map(firstOr(() => notFound('Profile picture'))).map((picture) => picture.file);
      },
    );
    await this.#discard(request, file);
  }

  /** Removes a file that no row names; leftovers are harmless, so that a failure is ignored. */
  async #discard({ context, raw }: UserRequest, file: string): Promise<void> {
    await this.media.remove(context.schema, file).catch((error: unknown) => {
      raw.log.error({ ...raw.logContext, err: error, file }, 'a stored file could not be removed');
    });
  }

  #present({ origin, tenant }: UserRequest, picture: PictureRow) {
    const url = origin + this.urls.sign(tenant, picture.file);
    return { ...picture, file: url, file_url: url };
  }
}

function storedFile(clientId: number) {
  return sql<StoredFile>`SELECT file FROM immigration_profilepicture WHERE client_id = ${clientId}`;
}

/** Returns an uploaded picture as it is to be stored. @throws HttpError 400 */
async function readPicture(schema: string, file: UploadedFile | undefined): Promise<CleanPicture> {
  if (!file) throw detailError(400, 'No file was submitted.');
  const { content, tooLarge } = file;
  if (content.length === 0) throw detailError(400, 'The submitted file is empty.');
  if (tooLarge) throw detailError(400, `The file is larger than ${LARGEST_FILE / 1024 / 1024} MB.`);
  return await cleanPictureApart(schema, content).catch((error: unknown) => {
    throw error instanceof PictureError ? detailError(400, error.message) : error;
  });
}
