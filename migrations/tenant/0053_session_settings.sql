-- An agency may shorten the lifetimes of its sessions: `sessions` joins its settings. What others have added to the two
-- functions stays.

DO $$
BEGIN
  EXECUTE replace(pg_get_functiondef('agency_settings(boolean)'::regprocedure),
    '''branding'', settings -> ''branding''', '''branding'', settings -> ''branding'', ''sessions'', settings -> ''sessions''');
  EXECUTE replace(pg_get_functiondef('change_agency_settings(jsonb)'::regprocedure), 'email,branding', 'email,branding,sessions');
END
$$;
