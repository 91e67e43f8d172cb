-- Turn staging.<staging_name> into the partition features.layer_<layer>: indexes, attach, triggers.
CREATE OR REPLACE PROCEDURE features_attach(staging_name text, layer bigint) LANGUAGE plpgsql AS $$
DECLARE partition_name text := 'layer_' || layer;
BEGIN
    EXECUTE format('ALTER TABLE staging.%I SET SCHEMA features', staging_name);
    EXECUTE format('ALTER TABLE features.%I RENAME TO %I', staging_name, partition_name);
    EXECUTE format('ALTER TABLE features.%I ALTER layer_id SET DEFAULT %s, ALTER changeset_id DROP DEFAULT,
        ALTER revision DROP DEFAULT, ADD CONSTRAINT only_this_layer CHECK (layer_id = %s)',
        partition_name, layer, layer);
    -- A load whose differences were shown has its primary key already (layers.diff).
    IF NOT EXISTS (SELECT FROM pg_index WHERE indisprimary
                   AND indrelid = format('features.%I', partition_name)::regclass) THEN
        EXECUTE format('ALTER TABLE features.%I ADD PRIMARY KEY (id, layer_id)', partition_name);
    END IF;
    -- One spatial index: a box in 4326 is a box in 3857, so bbox queries use it too (layers.queries).
    EXECUTE format('CREATE INDEX ON features.%I USING gist (geom_3857)', partition_name);
    EXECUTE format('CREATE UNIQUE INDEX ON features.%I (external_key) WHERE external_key IS NOT NULL',
                   partition_name);
    EXECUTE format('CREATE INDEX ON features.%I (changeset_id)', partition_name);
    EXECUTE format('ALTER TABLE layers_feature ATTACH PARTITION features.%I FOR VALUES IN (%s)',
                   partition_name, layer);
    -- After attaching, whose lock holds writers off until the commit: minor releases of PostgreSQL before
    -- the end of 2025 take any trigger with a transition table for a row trigger and refuse to attach.
    EXECUTE format('CALL features_install_triggers(%L::regclass)', format('features.%I', partition_name));
END $$;
