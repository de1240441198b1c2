-- Sessions. A session begins with a log-in; its tokens carry its `sid`, and it goes on as long as each of its refresh
-- tokens is exchanged for the next.

CREATE TABLE user_session (
  -- that of its first refresh token, so that a session from before this table keeps its id when it is first seen here
  id bigint PRIMARY KEY,
  sid varchar(32) NOT NULL UNIQUE,
  user_id bigint NOT NULL REFERENCES immigration_user ON DELETE CASCADE,
  -- the refresh token that can be exchanged now; without a reference, since expired tokens are removed earlier
  token_id bigint NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  -- the end of the present refresh token
  expires_at timestamptz NOT NULL,
  -- the end of the longest access token; until then, an ended session must be known to every process
  access_until timestamptz NOT NULL,
  address varchar(64) NOT NULL DEFAULT '',
  agent varchar(300) NOT NULL DEFAULT '',
  device varchar(80) NOT NULL DEFAULT '',
  ended_at timestamptz,
  end_reason varchar(30),
  CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE UNIQUE INDEX user_session_token_id_idx ON user_session (token_id);
CREATE INDEX user_session_user_id_idx ON user_session (user_id, device);
CREATE INDEX user_session_ended_idx ON user_session (user_id, access_until) WHERE ended_at IS NOT NULL;

-- Who reads the table of refresh tokens must not be able to use them: their SHA-256 is kept, of present rows and of those
-- that another program, or a process of an earlier version, still writes as they are.

CREATE FUNCTION hash_refresh_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.token := encode(sha256(convert_to(NEW.token, 'UTF8')), 'hex');
  RETURN NEW;
END
$$;
CREATE TRIGGER hash_refresh_token BEFORE INSERT OR UPDATE OF token ON token_blacklist_outstandingtoken
  FOR EACH ROW WHEN (NEW.token LIKE '%.%') EXECUTE FUNCTION hash_refresh_token();
UPDATE token_blacklist_outstandingtoken SET token = token WHERE token LIKE '%.%';
