-- The lists of applications, the newest first.
CREATE INDEX immigration_visaapplication_newest ON immigration_visaapplication (created_at DESC, id DESC);
CREATE INDEX immigration_collegeapplication_newest ON immigration_collegeapplication (created_at DESC, id DESC)
  WHERE deleted_at IS NULL;
