-- The moves of clients between stages, among all the other entries of the timeline.
CREATE INDEX immigration_clientactivity_stage_moves ON immigration_clientactivity (client_id, id)
  WHERE activity_type = 'STAGE_CHANGED';
