-- Tiles that were made already, kept so that none outlives the commit of what it shows (decision 9).
-- All of it may be lost at any time: after a crash these tables are empty, and tiles are made again.
-- Undone by tile_cache_drop.sql. Runs on PostgreSQL 15 to 17 with PostGIS 3.3 or newer.

CREATE SCHEMA tiles;

-- One row a tile and audience. The bytes are elsewhere, so that a commit deletes thin rows.
CREATE UNLOGGED TABLE tiles.tile (
    layer_id bigint NOT NULL,
    z smallint NOT NULL,
    x integer NOT NULL,
    y integer NOT NULL,
    audience smallint NOT NULL,    -- which fields its readers see: layers.tiles.asking
    turn bigint NOT NULL,          -- its bytes are in tiles.body_<turn % 8>
    etag text NOT NULL,            -- hash of the tile's bytes; '' for a tile that holds nothing
    features bigint NOT NULL,
    PRIMARY KEY (layer_id, z, x, y, audience)
);

-- Bytes by their hash. Eight tables in turn: when the newest is full, the oldest is emptied, which takes no
-- longer for a gigabyte than for nothing and gives the disk back at once.
DO $$
BEGIN
    FOR number IN 0..7 LOOP
        EXECUTE format('CREATE UNLOGGED TABLE tiles.body_%s (
            etag text NOT NULL, encoding text NOT NULL, body bytea NOT NULL, PRIMARY KEY (etag, encoding))', number);
        -- Packed already; PostgreSQL should not try again.
        EXECUTE format('ALTER TABLE tiles.body_%s ALTER body SET STORAGE EXTERNAL', number);
    END LOOP;
END $$;
CREATE TABLE tiles.turn (number bigint NOT NULL);
INSERT INTO tiles.turn VALUES (0);

-- Where each changeset changed something, for open maps: [[west, south, east, north], ...] in degrees; NULL:
-- anywhere in the layer.
CREATE UNLOGGED TABLE tiles.change (
    layer_id bigint NOT NULL,
    revision bigint NOT NULL,
    boxes double precision[],
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (layer_id, revision)
);

-- Key of the advisory lock under which tiles of a layer are kept (shared) and forgotten (alone).
CREATE FUNCTION tiles.layer_lock(layer bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN hashtextextended('tiles of layer ' || layer, 0);

-- Keep a tile, unless what it was made from has changed: `stamp` is that of the layer when its making began.
-- False where it was not kept. Whoever forgets tiles holds the lock until the commit, so either they see this
-- row, or this statement sees their layer.
CREATE FUNCTION tiles.keep(layer bigint, stamp text, audience smallint, z integer, x integer, y integer,
                           etag text, features bigint, encoding text, body bytea)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE now_turn bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock_shared(tiles.layer_lock(layer)) THEN
        RETURN false;
    END IF;
    SELECT number INTO now_turn FROM tiles.turn;
    INSERT INTO tiles.tile AS t (layer_id, z, x, y, audience, turn, etag, features)
    SELECT layer, keep.z, keep.x, keep.y, keep.audience, now_turn, keep.etag, keep.features
    FROM layers_layer l JOIN gis_core_community c ON c.id = l.community_id
    WHERE l.id = layer AND l.xmin::text || ' ' || c.xmin::text = stamp
    ON CONFLICT ON CONSTRAINT tile_pkey
    DO UPDATE SET turn = EXCLUDED.turn, etag = EXCLUDED.etag, features = EXCLUDED.features;
    IF FOUND AND body IS NOT NULL THEN
        EXECUTE format('INSERT INTO tiles.body_%s VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', now_turn % 8)
            USING etag, encoding, body;
        RETURN true;
    END IF;
    RETURN FOUND;
END $$;

-- Wait until nobody else makes this tile, and tell what they kept: no row means that it is up to the caller,
-- who holds the session's advisory lock `job` then. Raises lock_not_available after `patience`.
CREATE FUNCTION tiles.claim(job bigint, patience text, wanted_layer bigint, wanted_audience smallint,
                            wanted_z integer, wanted_x integer, wanted_y integer)
RETURNS TABLE (turn bigint, etag text, features bigint) LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_try_advisory_lock(job) THEN
        PERFORM set_config('lock_timeout', patience, true);
        PERFORM pg_advisory_lock(job);
    END IF;
    RETURN QUERY SELECT t.turn, t.etag, t.features FROM tiles.tile t
        WHERE t.layer_id = wanted_layer AND t.z = wanted_z AND t.x = wanted_x AND t.y = wanted_y
          AND t.audience = wanted_audience;
    IF FOUND THEN
        PERFORM pg_advisory_unlock(job);
    END IF;
END $$;

-- Forget the tiles in these ranges of columns and rows; the caller holds the layer's lock. One look into the
-- index a range: the planner knows little about this table and would compare everything with everything.
CREATE FUNCTION tiles.forget(layer bigint, zooms integer[], west integer[], east integer[], north integer[],
                             south integer[])
RETURNS bigint LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE forgotten bigint;
BEGIN
    DELETE FROM tiles.tile t USING unnest(zooms, west, east, north, south) AS r (z, west, east, north, south)
    WHERE t.layer_id = layer AND t.z = r.z AND t.x BETWEEN r.west AND r.east AND t.y BETWEEN r.north AND r.south;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;

CREATE FUNCTION tiles.forget_layer(layer bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(tiles.layer_lock(layer));
    DELETE FROM tiles.tile WHERE layer_id = layer;
END $$;

-- Whatever else of a layer decides its tiles: then all of them go. At the commit, so that a long transaction
-- does not keep others from keeping tiles meanwhile.
CREATE FUNCTION tiles.layer_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tiles.forget_layer(OLD.id);
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER tiles_of_changed_layer AFTER UPDATE ON layers_layer DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (
    (OLD.style, OLD.fields, OLD.key_field, OLD.geometry_type, OLD.access_level, OLD.publish_mode, OLD.is_draft,
     OLD.min_zoom, OLD.max_zoom, OLD.slug, OLD.community_id)
    IS DISTINCT FROM
    (NEW.style, NEW.fields, NEW.key_field, NEW.geometry_type, NEW.access_level, NEW.publish_mode, NEW.is_draft,
     NEW.min_zoom, NEW.max_zoom, NEW.slug, NEW.community_id))
EXECUTE FUNCTION tiles.layer_changed();

-- Labels begin at a scale, which is a zoom by the latitude of the layer's middle in tenths of a degree
-- (layers.styles.of_layer). Rounded here once up and once down, so that no other way of rounding finds a change
-- where this one finds none.
CREATE FUNCTION tiles.labels_move(before double precision[], after double precision[]) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT before IS DISTINCT FROM after AND (
        before IS NULL OR after IS NULL
        OR round((before[2] + before[4])::numeric / 2 - 0.000001, 1) <> round((after[2] + after[4])::numeric / 2 + 0.000001, 1)
        OR round((before[2] + before[4])::numeric / 2 + 0.000001, 1) <> round((after[2] + after[4])::numeric / 2 - 0.000001, 1))
$$;
CREATE CONSTRAINT TRIGGER tiles_of_moved_layer AFTER UPDATE ON layers_layer DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (tiles.labels_move(OLD.extent, NEW.extent)) EXECUTE FUNCTION tiles.layer_changed();

CREATE CONSTRAINT TRIGGER tiles_of_deleted_layer AFTER DELETE ON layers_layer DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION tiles.layer_changed();

CREATE FUNCTION tiles.community_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tiles.forget_layer(l.id) FROM layers_layer l WHERE l.community_id = OLD.id ORDER BY l.id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER tiles_of_renamed_community AFTER UPDATE ON gis_core_community
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (OLD.slug IS DISTINCT FROM NEW.slug) EXECUTE FUNCTION tiles.community_changed();

CREATE FUNCTION tiles.layers_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tiles.tile;
    DELETE FROM tiles.change;
    RETURN NULL;
END $$;
CREATE TRIGGER tiles_of_truncated_layers AFTER TRUNCATE ON layers_layer
FOR EACH STATEMENT EXECUTE FUNCTION tiles.layers_truncated();

-- The turn under way, if its bytes or the rows about them have outgrown their share; NULL otherwise.
-- Raises lock_not_available rather than hold readers up.
CREATE FUNCTION tiles.full_turn(share bigint) RETURNS bigint LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE now_turn bigint := (SELECT number FROM tiles.turn);
BEGIN
    IF pg_total_relation_size('tiles.tile') > share * 2 THEN
        TRUNCATE tiles.tile;  -- a quarter of all is for rows
    END IF;
    IF pg_total_relation_size(format('tiles.body_%s', now_turn % 8)) > share THEN
        RETURN now_turn;
    END IF;
    RETURN NULL;
END $$;

-- Begin the next turn: the oldest bytes go. In a transaction of its own; raises lock_not_available rather than
-- hold readers up.
CREATE FUNCTION tiles.turn_over(full_turn bigint) RETURNS void LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('turn of the tiles', 0))
       OR NOT EXISTS (SELECT FROM tiles.turn WHERE number = full_turn) THEN
        RETURN;
    END IF;
    EXECUTE format('TRUNCATE tiles.body_%s', (full_turn + 1) % 8);
    UPDATE tiles.turn SET number = full_turn + 1;
END $$;
