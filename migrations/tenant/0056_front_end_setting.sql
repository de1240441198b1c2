-- An agency names its front end, to which links in e-mails lead: `front_end` joins its settings. What others have added
-- to the two functions stays.

DO $$
BEGIN
  EXECUTE replace(pg_get_functiondef('agency_settings(boolean)'::regprocedure),
    '''branding'', settings -> ''branding''', '''branding'', settings -> ''branding'', ''front_end'', settings -> ''front_end''');
  EXECUTE replace(pg_get_functiondef('change_agency_settings(jsonb)'::regprocedure), 'email,branding', 'email,branding,front_end');
END
$$;
