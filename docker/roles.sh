#!/bin/sh
# Run once by the database's image, in an empty database: the same roles, database and extensions as
# scripts/cluster_settings.py makes, with passwords.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=owner_password="$DB_OWNER_PASSWORD" --set=public_password="$DB_PUBLIC_PASSWORD" <<'SQL'
CREATE ROLE hromada_owner LOGIN NOSUPERUSER CREATEROLE PASSWORD :'owner_password';
CREATE ROLE public_read LOGIN NOSUPERUSER PASSWORD :'public_password';
ALTER ROLE public_read SET max_parallel_workers_per_gather = 0;
ALTER ROLE public_read SET jit = off;
ALTER ROLE public_read SET statement_timeout = '5s';
ALTER ROLE public_read SET default_transaction_read_only = on;
GRANT public_read TO hromada_owner WITH ADMIN OPTION;
CREATE DATABASE hromada OWNER hromada_owner;
REVOKE ALL ON DATABASE hromada FROM PUBLIC;
GRANT CONNECT ON DATABASE hromada TO public_read;
\connect hromada
CREATE EXTENSION postgis;
CREATE EXTENSION btree_gist;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION unaccent;
GRANT INSERT, UPDATE, DELETE ON spatial_ref_sys TO hromada_owner;
SQL
