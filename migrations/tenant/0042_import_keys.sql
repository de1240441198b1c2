-- Deleting a user or a branch looks for the imports that name it.
CREATE INDEX client_import_acting_user_id_idx ON client_import (acting_user_id);
CREATE INDEX client_import_default_branch_id_idx ON client_import (default_branch_id);
