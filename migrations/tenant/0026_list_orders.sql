-- The orders of lists that had no index to follow.
CREATE INDEX immigration_agent_name_order ON immigration_agent (agent_name, id DESC);
CREATE INDEX immigration_institute_location_order ON immigration_institute_location (country, state, id DESC);
CREATE INDEX immigration_institute_contact_person_order ON immigration_institute_contact_person (name, id DESC);
CREATE INDEX immigration_institute_requirement_order ON immigration_institute_requirement (requirement_type, title, id DESC);
