#!/bin/sh
# Runs once, in the container of PostgreSQL, when its data is made: the two roles and the database.
set -eu
psql -X -q -v ON_ERROR_STOP=1 -U postgres <<SQL
CREATE ROLE leopard_owner LOGIN CREATEROLE PASSWORD '$OWNER_PASSWORD';
CREATE ROLE leopard_app LOGIN NOINHERIT PASSWORD '$APP_PASSWORD';
ALTER ROLE leopard_app SET statement_timeout TO '30s';
ALTER ROLE leopard_app SET lock_timeout TO '10s';
ALTER ROLE leopard_app SET idle_in_transaction_session_timeout TO '60s';
CREATE DATABASE leopard OWNER leopard_owner TEMPLATE template0 ENCODING 'UTF8'
  LOCALE_PROVIDER icu ICU_LOCALE 'und' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8';
REVOKE ALL ON DATABASE leopard FROM PUBLIC;
GRANT CONNECT ON DATABASE leopard TO leopard_owner, leopard_app;
GRANT SET ON PARAMETER deadlock_timeout, wal_compression TO leopard_owner;
REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC;
SQL
