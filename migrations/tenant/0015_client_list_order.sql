-- The list of clients: newest first, for a whole tenant and for the branches of its staff.

CREATE INDEX immigration_client_newest ON immigration_client (created_at DESC, id DESC);
CREATE INDEX immigration_client_branch_newest ON immigration_client (branch_id, created_at DESC, id DESC);
