-- The features of all layers: one logical table, one LIST partition a layer, and the rule that they
-- change only through a changeset, held here so that it binds whoever connects.
-- Undone by features_drop.sql. Runs on PostgreSQL 15 to 17 with PostGIS 3.3 or newer.

CREATE SCHEMA features;  -- one table a layer: features.layer_<id>
CREATE SCHEMA staging;   -- rows of imports that are not applied yet: staging.changeset_<id>
CREATE SCHEMA pub;       -- publications: what everyone may read

CREATE SEQUENCE layers_feature_id_seq;

CREATE TABLE layers_feature (
    id bigint NOT NULL DEFAULT nextval('layers_feature_id_seq'),
    layer_id bigint NOT NULL,
    geom geometry(Geometry, 4326) NOT NULL,
    -- Stored, because a transform for each row of each tile costs a fifth of the tile (PERFORMANCE 1.1).
    geom_3857 geometry(Geometry, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    properties jsonb NOT NULL DEFAULT '{}',
    external_key text,
    version integer NOT NULL DEFAULT 1,
    revision bigint NOT NULL,
    changeset_id bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- id first: with layer_id first the planner prefers a useless bitmap of the whole partition.
    PRIMARY KEY (id, layer_id),
    CONSTRAINT feature_properties_are_an_object CHECK (jsonb_typeof(properties) = 'object'),
    -- 85.06 degrees is where Web Mercator ends; NaN and infinity fail the comparison's box as well.
    CONSTRAINT feature_inside_the_map CHECK (
        ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -85.06 AND ST_YMax(geom) <= 85.06
    ),
    CONSTRAINT feature_geometry_is_valid CHECK (NOT ST_IsEmpty(geom) AND ST_IsValid(geom))
) PARTITION BY LIST (layer_id);

ALTER SEQUENCE layers_feature_id_seq OWNED BY layers_feature.id;

-- The changeset that this transaction is applying. Raises unless it is a submitted one of some layer.
CREATE FUNCTION features_open_changeset(OUT changeset_id bigint, OUT layer_id bigint, OUT next_revision bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT c.id, c.layer_id, l.revision + 1 INTO changeset_id, layer_id, next_revision
    FROM layers_changeset c JOIN layers_layer l ON l.id = c.layer_id
    WHERE c.id = nullif(current_setting('hromada.changeset', true), '')::bigint AND c.status = 'submitted';
    IF changeset_id IS NULL THEN
        RAISE EXCEPTION 'features change only through a changeset'
            USING ERRCODE = 'insufficient_privilege', HINT = 'Use layers.edits.apply_changeset.';
    END IF;
END $$;

CREATE FUNCTION features_check_insert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE open record := features_open_changeset();
BEGIN
    IF EXISTS (SELECT FROM new_rows n WHERE n.changeset_id <> open.changeset_id
               OR n.layer_id <> open.layer_id OR n.revision <> open.next_revision) THEN
        RAISE EXCEPTION 'inserted features do not carry the open changeset, its layer and next revision'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION features_keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE open record := features_open_changeset();
BEGIN
    IF EXISTS (SELECT FROM old_rows o WHERE o.layer_id <> open.layer_id) THEN
        RAISE EXCEPTION 'the open changeset is of another layer' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO layers_featureversion (feature_id, layer_id, geom, properties, external_key, version,
                                       revisions, changeset_id, ended_by_id, updated_at)
    SELECT o.id, o.layer_id, o.geom, o.properties, o.external_key, o.version,
           int8range(o.revision, open.next_revision), o.changeset_id, open.changeset_id, o.updated_at
    FROM old_rows o;
    RETURN NULL;
END $$;

-- A separate function, because a DELETE trigger cannot name new_rows. Without nested loops, because the plan
-- that a session made for one edit would be kept for the million rows of an import after it.
CREATE FUNCTION features_check_update() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE open record := features_open_changeset();
BEGIN
    IF EXISTS (SELECT FROM old_rows o LEFT JOIN new_rows n USING (id)
               WHERE n.id IS NULL OR n.version <> o.version + 1 OR n.changeset_id <> open.changeset_id
                  OR n.layer_id <> open.layer_id OR n.revision <> open.next_revision) THEN
        RAISE EXCEPTION 'updated features do not carry the open changeset and the next version'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION features_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('hromada.allow_truncate', true), '') <> 'on' THEN
        RAISE EXCEPTION 'features and the journal cannot be truncated' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

-- Statement triggers fire only for the table that a statement names, so each partition gets its own.
CREATE PROCEDURE features_install_triggers(target regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER features_check_insert AFTER INSERT ON %s
        REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION features_check_insert()', target);
    EXECUTE format('CREATE TRIGGER features_check_update AFTER UPDATE ON %s
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION features_check_update()', target);
    EXECUTE format('CREATE TRIGGER features_keep_updated AFTER UPDATE ON %s
        REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION features_keep_history()', target);
    EXECUTE format('CREATE TRIGGER features_keep_deleted AFTER DELETE ON %s
        REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION features_keep_history()', target);
    EXECUTE format('CREATE TRIGGER features_refuse_truncate BEFORE TRUNCATE ON %s
        FOR EACH STATEMENT EXECUTE FUNCTION features_refuse_truncate()', target);
END $$;

CALL features_install_triggers('layers_feature');

-- A bare table of the features' shape; a load is copied into it and the table then becomes a partition.
CREATE PROCEDURE features_create_staging(staging_name text, layer bigint, changeset bigint, revision bigint)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE staging.%I (LIKE layers_feature
        INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS)', staging_name);
    EXECUTE format('ALTER TABLE staging.%I ALTER layer_id SET DEFAULT %s, ALTER changeset_id SET DEFAULT %s,
        ALTER revision SET DEFAULT %s', staging_name, layer, changeset, revision);
END $$;

-- features_attach, which turns such a table into a partition, is in features_attach.sql.

-- What everyone may read is read as public_read, which sees schema pub and nothing else.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'public_read') THEN
        CREATE ROLE public_read LOGIN;
    END IF;
END $$;
GRANT USAGE ON SCHEMA pub TO public_read;
ALTER DEFAULT PRIVILEGES IN SCHEMA pub GRANT SELECT ON TABLES TO public_read;
