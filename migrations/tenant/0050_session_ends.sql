-- A refresh token that is used again within seconds of its exchange may be a repetition by its owner. What the exchange has
-- issued ends then, which these tell.

ALTER TABLE user_session
  -- the refresh token before the present one
  ADD COLUMN spent_token_id bigint,
  -- the name of the present access token
  ADD COLUMN access_jti varchar(255);
