-- Undoes overview.sql. Views of schema pub name drawn_from and the overviews.
DROP SCHEMA IF EXISTS overviews CASCADE;
DO $$
DECLARE part regclass;
BEGIN
    FOR part IN SELECT format('%I.%I', table_schema, table_name)::regclass FROM information_schema.columns
                WHERE table_schema = 'staging' AND column_name = 'drawn_from' LOOP
        EXECUTE format('ALTER TABLE %s DROP COLUMN drawn_from CASCADE', part);
    END LOOP;
END $$;
ALTER TABLE IF EXISTS layers_feature DROP COLUMN drawn_from CASCADE;
DROP FUNCTION overview_zoom(geometry);
DROP FUNCTION overview_zoom(
    integer, double precision, double precision, double precision, double precision, double precision, integer);
DROP FUNCTION overview_y(double precision);
DROP FUNCTION overview_x(double precision);
