-- Devices from which users have logged in: guesses from elsewhere do not lock these out (src/auth/login-throttle.ts).
CREATE TABLE known_device (
  user_id bigint NOT NULL REFERENCES immigration_user ON DELETE CASCADE,
  -- SHA-256 of the token that the device sends, or of its network, browser and system
  hash bytea NOT NULL,
  is_token boolean NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, hash)
);
CREATE INDEX known_device_seen_at_idx ON known_device (seen_at);
