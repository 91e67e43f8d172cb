-- Undoes features.sql. The role public_read stays: it belongs to the server, not to this database.
DROP SCHEMA IF EXISTS pub CASCADE;
DROP SCHEMA IF EXISTS staging CASCADE;
DROP TABLE IF EXISTS layers_feature CASCADE;
DROP SCHEMA IF EXISTS features CASCADE;
DROP PROCEDURE IF EXISTS features_attach(text, bigint);
DROP PROCEDURE features_create_staging(text, bigint, bigint, bigint);
DROP PROCEDURE features_install_triggers(regclass);
DROP FUNCTION features_refuse_truncate();
DROP FUNCTION features_check_update();
DROP FUNCTION features_keep_history();
DROP FUNCTION features_check_insert();
DROP FUNCTION features_open_changeset();
