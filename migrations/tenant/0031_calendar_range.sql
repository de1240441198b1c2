-- What overlaps a calendar's range is found by an index: bounds on start and end alone leave half of all events. Other
-- writers may store an end before its start, of which no range can be made.
CREATE INDEX immigration_calendar_event_range ON immigration_calendar_event
  USING gist (tstzrange(least(start, "end"), greatest(start, "end"), '[]'));
