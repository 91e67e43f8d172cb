-- What low zooms are drawn from (decision 10). A feature is drawn as itself from zoom drawn_from on; below it
-- stands in rows of overviews.layer_<id>, which add up what lies in a cell. Undone by overview_drop.sql.

CREATE SCHEMA overviews;

-- The whole map in 2^30 units a side (4 cm at the equator), x from the west and y from the north; halves of it
-- are tiles, cells of tiles, and positions in a tile, so all of them are shifts of one whole number.
CREATE FUNCTION overview_x(x double precision) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT least(greatest(floor((x / 20037508.342789244 + 1) * 536870912), 0), 1073741823)::integer $$;

CREATE FUNCTION overview_y(y double precision) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT least(greatest(floor((1 - y / 20037508.342789244) * 536870912), 0), 1073741823)::integer $$;

-- The zoom of a tile (512 px) from which a geometry is large enough to be drawn as itself, 0 to 30:
--   an area of 16 px2, the size of a cell; or 16 px long and 4 px2; or 32 px long, however thin;
--   a line 6 px long; a point from 14 on, many points also where they lie 32 px apart.
-- 100 more for a geometry with so many vertices that tiles read prepared pieces of it.
-- Takes the geometry's measures in degrees, so that each is computed once. Near the poles it is a rough guess.
CREATE FUNCTION overview_zoom(
    dimension integer, area double precision, west double precision, east double precision,
    south double precision, north double precision, vertices integer
) RETURNS smallint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    px CONSTANT double precision := 360.0 / 512;  -- of longitude, at zoom 0
    stretch double precision := 1 / cos(radians((south + north) / 2));  -- of latitude on the map
    long double precision := greatest(east - west, (north - south) * stretch) / px;
    own double precision := CASE WHEN dimension = 0 THEN 14 ELSE 30 END;
BEGIN
    IF dimension = 1 AND long > 0 THEN
        own := ln(6 / long) / ln(2.0);
    ELSIF dimension = 2 AND long > 0 THEN
        IF area > 0 THEN
            own := ln(16 * px * px / (area * stretch)) / ln(4.0);
        END IF;
        own := least(own, greatest(ln(16 / long) / ln(2.0), own - 1), ln(32 / long) / ln(2.0));
    ELSIF long > 0 THEN
        own := least(own, ln(32 / long) / ln(2.0));
    END IF;
    RETURN ceil(least(greatest(own, 0), 30)) + CASE WHEN vertices > 2000 THEN 100 ELSE 0 END;
END $$;

CREATE FUNCTION overview_zoom(geom geometry) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT overview_zoom(ST_Dimension(geom), ST_Area(geom), ST_XMin(geom), ST_XMax(geom),
                        ST_YMin(geom), ST_YMax(geom), ST_NPoints(geom)) $$;

-- The expression is written out: a function of functions is not inlined here, and costs as much again.
ALTER TABLE layers_feature ADD COLUMN drawn_from smallint GENERATED ALWAYS AS (
    overview_zoom(ST_Dimension(geom), ST_Area(geom), ST_XMin(geom), ST_XMax(geom), ST_YMin(geom), ST_YMax(geom),
                  ST_NPoints(geom))) STORED;

-- Rows of imports that wait become partitions as they stand.
DO $$
DECLARE waiting text;
BEGIN
    FOR waiting IN SELECT table_name FROM information_schema.columns
                   WHERE table_schema = 'staging' AND column_name = 'geom_3857' LOOP
        EXECUTE format('ALTER TABLE staging.%I ADD COLUMN drawn_from smallint GENERATED ALWAYS AS (
            overview_zoom(ST_Dimension(geom), ST_Area(geom), ST_XMin(geom), ST_XMax(geom), ST_YMin(geom),
                          ST_YMax(geom), ST_NPoints(geom))) STORED', waiting);
    END LOOP;
END $$;

-- The shape of overviews.layer_<id>: the features of a tile of zoom z (those with the middle of their box in it)
-- that are not drawn as themselves there, summed by cell and class of the style.
CREATE TABLE overviews.template (
    variant smallint NOT NULL,   -- for which readers: by the fields that they see (layers.tiles.overview_classes)
    z smallint NOT NULL,
    x smallint NOT NULL,
    y smallint NOT NULL,
    kind smallint NOT NULL,      -- dimension: 0 points in cells of 32 px, 1 lines, of 2 px, 2 areas, of 4 px
    class smallint NOT NULL,     -- of the recipe; -1 what no class covers
    ax integer NOT NULL,         -- the cell; of a line, that of its one end
    ay integer NOT NULL,
    dx smallint NOT NULL,        -- from there to the cell of the other end; 0 for points and areas
    dy smallint NOT NULL,
    is_near boolean NOT NULL,    -- so near to the tile's edge that the next tile shows it too
    n bigint NOT NULL,           -- features; a long area adds to cells beside that of its middle, but no feature
    weight bigint NOT NULL,      -- m2 or m in Web Mercator
    sum_x bigint NOT NULL,       -- of the middles of their boxes
    sum_y bigint NOT NULL,
    sum_id bigint NOT NULL       -- where n is 1: the feature
);
