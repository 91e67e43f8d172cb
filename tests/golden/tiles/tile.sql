-- anonymous, zoom 12, over “public”
SELECT ST_AsMVT(_tile, 'demo.parcels', 4096, 'geom', 'id'), count(_row.geom),
                  coalesce(sum(_row.own), 0)::bigint
           FROM (SELECT * FROM (SELECT g.feature AS id, g.geom, g.own, CASE WHEN g.kind > 0 OR g.n > 1 THEN g.n END AS n, g.kind AS rank, g.line, g.place, g.class FROM (
    WITH cell AS (
    SELECT kind, class, (a >> 32)::integer AS ay, (a & 4294967295)::integer AS ax,
           ((b >> 32) - (a >> 32))::integer AS dy, ((b & 4294967295) - (a & 4294967295))::integer AS dx,
           sum(n::float8) AS n, sum(n::float8) FILTER (WHERE mine) AS own, sum(weight::float8) AS weight,
           sum(sum_x::float8) AS sum_x, sum(sum_y::float8) AS sum_y, sum(sum_id::float8) AS sum_id
    FROM (
        SELECT *, least(one, other) AS a, greatest(one, other) AS b
        FROM (
            SELECT *, (ay >> 0)::bigint << 32 | (ax >> 0) AS one,
                   (ay + dy >> 0)::bigint << 32 | (ax + dx >> 0) AS other
            FROM (SELECT kind, class, ax, ay, dx, dy, n, weight, sum_x, sum_y, sum_id, x = 2389 AND y = 1389 AS mine FROM (
    SELECT variant, z, x, y, kind, class, ax, ay, dx, dy,
           CASE kind
               WHEN 0 THEN ax & 15 IN (0, 15) OR ay & 15 IN (0, 15)
               WHEN 1 THEN least(ax, ax + dx) - (x << 8) < 4
                        OR greatest(ax, ax + dx) - (x << 8) >= 256 - 4
                        OR least(ay, ay + dy) - (y << 8) < 4
                        OR greatest(ay, ay + dy) - (y << 8) >= 256 - 4
               ELSE false END AS is_near,
           sum(n)::bigint AS n, sum(weight)::bigint AS weight, sum(sum_x)::bigint AS sum_x,
           sum(sum_y)::bigint AS sum_y, sum(sum_id)::bigint AS sum_id
    FROM (
    SELECT 0::smallint AS variant, z, x, y, kind, class,
           CASE WHEN swapped THEN bx ELSE ax END AS ax, CASE WHEN swapped THEN by ELSE ay END AS ay,
           CASE WHEN swapped THEN ax - bx ELSE bx - ax END AS dx,
           CASE WHEN swapped THEN ay - by ELSE by - ay END AS dy, n, weight, sum_x, sum_y, sum_id
    FROM (
        SELECT *, (bx, by) < (ax, ay) AS swapped
        FROM (
            SELECT z, kind, class, x >> (30 - z) AS x, y >> (30 - z) AS y,
                   (CASE kind WHEN 1 THEN ax ELSE x END) >> fine AS ax,
                   (CASE kind WHEN 1 THEN ay ELSE y END) >> fine AS ay,
                   (CASE kind WHEN 1 THEN bx ELSE x END) >> fine AS bx,
                   (CASE kind WHEN 1 THEN by ELSE y END) >> fine AS by,
                   1 AS n, 1 * (weight - CASE WHEN is_long THEN weight / 3 * 2 ELSE 0 END) AS weight,
                   1 * x::bigint AS sum_x, 1 * y::bigint AS sum_y, 1 * id AS sum_id
            FROM (SELECT *, 12 AS z, "class_0" AS class, 30 - 12 - (ARRAY[4, 8, 7])[kind + 1] AS fine FROM (
    SELECT *, kind = 2 AND weight >= 3 AND first IS NOT NULL AND long > 1 << greatest(24 - own, 0) AS is_long,
           CASE WHEN first IS NULL THEN x WHEN kind = 1 THEN overview_x(ST_X(first))
                ELSE x + (overview_x(ST_X(first)) - x) * 2 / 3 END AS ax,
           CASE WHEN first IS NULL THEN y WHEN kind = 1 THEN overview_y(ST_Y(first))
                ELSE y + (overview_y(ST_Y(first)) - y) * 2 / 3 END AS ay,
           CASE WHEN last IS NULL THEN x WHEN kind = 1 THEN overview_x(ST_X(last))
                ELSE x + (overview_x(ST_X(last)) - x) * 2 / 3 END AS bx,
           CASE WHEN last IS NULL THEN y WHEN kind = 1 THEN overview_y(ST_Y(last))
                ELSE y + (overview_y(ST_Y(last)) - y) * 2 / 3 END AS by
    FROM (
        SELECT id, own, kind, "class_0", (west + east) / 2 AS x, (north + south) / 2 AS y,
               greatest(east - west, south - north) AS long,
               CASE kind WHEN 0 THEN NULL WHEN 1 THEN ST_StartPoint(line) ELSE ST_PointN(line, 1) END AS first,
               CASE kind WHEN 0 THEN NULL WHEN 1 THEN ST_EndPoint(line)
                   ELSE ST_PointN(line, ST_NPoints(line) / 2 + 1) END AS last,
               greatest(CASE kind WHEN 2 THEN ST_Area(geom_3857) WHEN 1 THEN ST_Length(geom_3857) END, 1)::bigint
                   AS weight
        FROM (
            SELECT id, drawn_from % 100 AS own, geom_3857, kind, "class_0",
                   overview_x(ST_XMin(geom_3857)) AS west, overview_x(ST_XMax(geom_3857)) AS east,
                   overview_y(ST_YMin(geom_3857)) AS south, overview_y(ST_YMax(geom_3857)) AS north,
                   CASE kind WHEN 1 THEN ST_GeometryN(geom_3857, 1)
                       WHEN 2 THEN ST_ExteriorRing(ST_GeometryN(geom_3857, 1)) END AS line
            FROM (SELECT id, drawn_from, ST_Dimension(geom_3857) AS kind, ( -1)::smallint AS "class_0",
                         -- Very many vertices are unpacked once, not by each function that asks them.
                         CASE WHEN drawn_from < 100 THEN geom_3857 ELSE ST_Force2D(geom_3857) END AS geom_3857
                  FROM (SELECT * FROM "pub"."demo_parcels" WHERE geom_3857 && ST_TileEnvelope(12, 2389, 1389, margin => 0.125) AND drawn_from % 100 > 12) AS near OFFSET 0) AS measured OFFSET 0
        ) AS placed OFFSET 0
    ) AS ended) AS "m") AS measured
            UNION ALL
            SELECT z, kind, class, px >> (30 - z), py >> (30 - z), px >> fine, py >> fine, px >> fine, py >> fine,
                   0, 1 * (weight / 3), 0, 0, 0
            FROM (SELECT *, 12 AS z, "class_0" AS class, 30 - 12 - (ARRAY[4, 8, 7])[kind + 1] AS fine FROM (
    SELECT *, kind = 2 AND weight >= 3 AND first IS NOT NULL AND long > 1 << greatest(24 - own, 0) AS is_long,
           CASE WHEN first IS NULL THEN x WHEN kind = 1 THEN overview_x(ST_X(first))
                ELSE x + (overview_x(ST_X(first)) - x) * 2 / 3 END AS ax,
           CASE WHEN first IS NULL THEN y WHEN kind = 1 THEN overview_y(ST_Y(first))
                ELSE y + (overview_y(ST_Y(first)) - y) * 2 / 3 END AS ay,
           CASE WHEN last IS NULL THEN x WHEN kind = 1 THEN overview_x(ST_X(last))
                ELSE x + (overview_x(ST_X(last)) - x) * 2 / 3 END AS bx,
           CASE WHEN last IS NULL THEN y WHEN kind = 1 THEN overview_y(ST_Y(last))
                ELSE y + (overview_y(ST_Y(last)) - y) * 2 / 3 END AS by
    FROM (
        SELECT id, own, kind, "class_0", (west + east) / 2 AS x, (north + south) / 2 AS y,
               greatest(east - west, south - north) AS long,
               CASE kind WHEN 0 THEN NULL WHEN 1 THEN ST_StartPoint(line) ELSE ST_PointN(line, 1) END AS first,
               CASE kind WHEN 0 THEN NULL WHEN 1 THEN ST_EndPoint(line)
                   ELSE ST_PointN(line, ST_NPoints(line) / 2 + 1) END AS last,
               greatest(CASE kind WHEN 2 THEN ST_Area(geom_3857) WHEN 1 THEN ST_Length(geom_3857) END, 1)::bigint
                   AS weight
        FROM (
            SELECT id, drawn_from % 100 AS own, geom_3857, kind, "class_0",
                   overview_x(ST_XMin(geom_3857)) AS west, overview_x(ST_XMax(geom_3857)) AS east,
                   overview_y(ST_YMin(geom_3857)) AS south, overview_y(ST_YMax(geom_3857)) AS north,
                   CASE kind WHEN 1 THEN ST_GeometryN(geom_3857, 1)
                       WHEN 2 THEN ST_ExteriorRing(ST_GeometryN(geom_3857, 1)) END AS line
            FROM (SELECT id, drawn_from, ST_Dimension(geom_3857) AS kind, ( -1)::smallint AS "class_0",
                         -- Very many vertices are unpacked once, not by each function that asks them.
                         CASE WHEN drawn_from < 100 THEN geom_3857 ELSE ST_Force2D(geom_3857) END AS geom_3857
                  FROM (SELECT * FROM "pub"."demo_parcels" WHERE geom_3857 && ST_TileEnvelope(12, 2389, 1389, margin => 0.125) AND drawn_from % 100 > 12) AS near OFFSET 0) AS measured OFFSET 0
        ) AS placed OFFSET 0
    ) AS ended) AS "m"
                  WHERE is_long) AS measured,
                 LATERAL (VALUES (ax, ay), (bx, by)) AS place (px, py)
        ) AS shifted
    ) AS ends) AS single GROUP BY variant, z, x, y, kind, class, ax, ay, dx, dy) AS "made" WHERE is_near OR x = 2389 AND y = 1389) AS rows
        ) AS ends
    ) AS keyed
    GROUP BY kind, class, a, b),
    led AS (
        SELECT kind, 510 - (best & 511)::integer AS class, ay, ax, ay + dy AS by, ax + dx AS bx, n, own, weight,
               coalesce(floor(sum_x / nullif(n, 0))::bigint - 626262016 >> 6, ax * 32 + 32 / 2 - 9785344) AS x,
               coalesce(floor(sum_y / nullif(n, 0))::bigint - 364118016 >> 6, ay * 32 + 32 / 2 - 5689344) AS y,
               CASE WHEN n = 1 THEN sum_id END::bigint AS feature, best < 512 AS hidden
        FROM (
            SELECT kind, ay, ax, dy, dx, sum(n) AS n, sum(own) AS own, sum(weight) AS weight, sum(sum_x) AS sum_x,
                   sum(sum_y) AS sum_y, sum(sum_id) AS sum_id,
                   max(CASE WHEN class IN (NULL) THEN 0 ELSE weight::bigint << 9 END | 510 - class) AS best
            FROM cell GROUP BY kind, ay, ax, dy, dx
        ) AS summed
    ),
    runs AS (
        SELECT class, ay, min(ax) AS first, max(ax) + 1 AS last, sum(n) AS n, sum(own) AS own, max(feature) AS feature
        FROM (SELECT *, ax - row_number() OVER (PARTITION BY ay, class ORDER BY ax) AS run FROM led
              WHERE kind = 2 AND NOT hidden AND weight >= 0.5 * 5842.619293068835) AS whole
        GROUP BY class, ay, run
    )
    SELECT 2 AS kind, class, n::bigint AS n, own::bigint AS own, CASE WHEN n = 1 THEN feature END AS feature,
           ay AS line, first AS place,
           ST_Reverse(ST_MakeEnvelope(first * 32 - 9785344, ay * 32 - 5689344,
                                      last * 32 - 9785344, (ay + 1) * 32 - 5689344)) AS geom
    FROM runs
    UNION ALL
    SELECT 2, class, n::bigint, own::bigint, feature, ay, ax,
           ST_Reverse(ST_MakeEnvelope(round(x - half), round(y - half), round(x + half), round(y + half)))
    FROM (SELECT *, greatest(0.375, sqrt(weight / 5842.619293068835::double precision)) * 32 / 2 AS half
          FROM led WHERE kind = 2 AND NOT hidden AND weight < 0.5 * 5842.619293068835) AS sparse) AS g  UNION ALL (SELECT id, CASE WHEN "geom_3857" @ ST_TileEnvelope(12, 2389, 1389, margin => 0.015625) THEN coalesce(ST_ForcePolygonCCW(ST_Simplify(ST_SnapToGrid(ST_TransScale("geom_3857",  -3336323.410591375,  -6447616.209911186, 0.4186452654937383, -0.4186452654937383), 4), 0, true)), ST_AsMVTGeom(coalesce(ST_SnapToGrid("geom_3857", 3336323.410591375, 6447616.209911186, 9.554628535647032, 9.554628535647032), "geom_3857"), ST_TileEnvelope(12, 2389, 1389, margin => 0.0), 4096, 64, true)) ELSE ST_AsMVTGeom(coalesce(ST_SnapToGrid("geom_3857", 3336323.410591375, 6447616.209911186, 9.554628535647032, 9.554628535647032), "geom_3857"), ST_TileEnvelope(12, 2389, 1389, margin => 0.0), 4096, 64, true) END AS geom, CASE WHEN geom_3857 @ ST_TileEnvelope(12, 2389, 1389, margin => 0.0) OR (overview_x((ST_XMin(box2d(geom_3857)) + ST_XMax(box2d(geom_3857))) / 2) >> 18 = 2389 AND overview_y((ST_YMin(box2d(geom_3857)) + ST_YMax(box2d(geom_3857))) / 2) >> 18 = 1389) THEN 1 ELSE 0 END AS own, NULL::bigint AS n, 3 AS rank, 0 AS line, 0 AS place, 0 AS class FROM "pub"."demo_parcels" WHERE "geom_3857" && ST_TileEnvelope(12, 2389, 1389, margin => 0.015625) AND drawn_from <= 12 UNION ALL SELECT id, CASE WHEN "geom_3857" @ ST_TileEnvelope(12, 2389, 1389, margin => 0.015625) THEN coalesce(ST_ForcePolygonCCW(ST_Simplify(ST_SnapToGrid(ST_TransScale("geom_3857",  -3336323.410591375,  -6447616.209911186, 0.4186452654937383, -0.4186452654937383), 4), 0, true)), ST_AsMVTGeom(coalesce(ST_SnapToGrid("geom_3857", 3336323.410591375, 6447616.209911186, 9.554628535647032, 9.554628535647032), "geom_3857"), ST_TileEnvelope(12, 2389, 1389, margin => 0.0), 4096, 64, true)) ELSE ST_AsMVTGeom(coalesce(ST_SnapToGrid("geom_3857", 3336323.410591375, 6447616.209911186, 9.554628535647032, 9.554628535647032), "geom_3857"), ST_TileEnvelope(12, 2389, 1389, margin => 0.0), 4096, 64, true) END AS geom, CASE WHEN geom_3857 @ ST_TileEnvelope(12, 2389, 1389, margin => 0.0) OR (overview_x((ST_XMin(box2d(geom_3857)) + ST_XMax(box2d(geom_3857))) / 2) >> 18 = 2389 AND overview_y((ST_YMin(box2d(geom_3857)) + ST_YMax(box2d(geom_3857))) / 2) >> 18 = 1389) THEN 1 ELSE 0 END AS own, NULL::bigint AS n, 3 AS rank, 0 AS line, 0 AS place, 0 AS class FROM "pub"."demo_parcels" WHERE "geom_3857" && ST_TileEnvelope(12, 2389, 1389, margin => 0.015625) AND drawn_from >= 100 AND drawn_from <= 100 + 12 ORDER BY id LIMIT 10001)) AS every ORDER BY rank, line, place, class, id) AS _row, LATERAL (SELECT _row.id, _row.geom, n AS "_n") AS _tile;

-- anonymous, zoom 16, over “public”
SELECT ST_AsMVT(_tile, 'demo.parcels', 4096, 'geom', 'id'), count(_row.geom),
                  coalesce(sum(_row.own), 0)::bigint
           FROM ((SELECT id, CASE WHEN "geom_3857" @ ST_TileEnvelope(16, 38229, 22226, margin => 0.015625) THEN coalesce(ST_ForcePolygonCCW(ST_SnapToGrid(ST_TransScale("geom_3857",  -3339380.8917227834,  -6446393.217458624, 6.698324247899813, -6.698324247899813), 1)), ST_AsMVTGeom(CASE WHEN drawn_from < 100 THEN "geom_3857" ELSE ST_ClipByBox2D("geom_3857", ST_TileEnvelope(16, 38229, 22226, margin => 0.03125)) END, ST_TileEnvelope(16, 38229, 22226, margin => 0.0), 4096, 64, true)) ELSE ST_AsMVTGeom(CASE WHEN drawn_from < 100 THEN "geom_3857" ELSE ST_ClipByBox2D("geom_3857", ST_TileEnvelope(16, 38229, 22226, margin => 0.03125)) END, ST_TileEnvelope(16, 38229, 22226, margin => 0.0), 4096, 64, true) END AS geom, CASE WHEN geom_3857 @ ST_TileEnvelope(16, 38229, 22226, margin => 0.0) OR (overview_x((ST_XMin(box2d(geom_3857)) + ST_XMax(box2d(geom_3857))) / 2) >> 14 = 38229 AND overview_y((ST_YMin(box2d(geom_3857)) + ST_YMax(box2d(geom_3857))) / 2) >> 14 = 22226) THEN 1 ELSE 0 END AS own, "cad_num" AS "field_0", "name" AS "field_1" FROM "pub"."demo_parcels" WHERE "geom_3857" && ST_TileEnvelope(16, 38229, 22226, margin => 0.015625) ORDER BY id LIMIT 10001)) AS _row, LATERAL (SELECT _row.id, _row.geom, "field_0" AS "cad_num", "field_1" AS "name") AS _tile;

-- viewer, zoom 12, over “default”
SELECT ST_AsMVT(_tile, 'demo.parcels', 4096, 'geom', 'id'), count(_row.geom),
                  coalesce(sum(_row.own), 0)::bigint
           FROM (SELECT * FROM (SELECT g.feature AS id, g.geom, g.own, CASE WHEN g.kind > 0 OR g.n > 1 THEN g.n END AS n, g.kind AS rank, g.line, g.place, g.class FROM (
    WITH cell AS (
    SELECT kind, class, (a >> 32)::integer AS ay, (a & 4294967295)::integer AS ax,
           ((b >> 32) - (a >> 32))::integer AS dy, ((b & 4294967295) - (a & 4294967295))::integer AS dx,
           sum(n::float8) AS n, sum(n::float8) FILTER (WHERE mine) AS own, sum(weight::float8) AS weight,
           sum(sum_x::float8) AS sum_x, sum(sum_y::float8) AS sum_y, sum(sum_id::float8) AS sum_id
    FROM (
        SELECT *, least(one, other) AS a, greatest(one, other) AS b
        FROM (
            SELECT *, (ay >> 0)::bigint << 32 | (ax >> 0) AS one,
                   (ay + dy >> 0)::bigint << 32 | (ax + dx >> 0) AS other
            FROM (SELECT kind, class, ax, ay, dx, dy, n, weight, sum_x, sum_y, sum_id, x = 2389 AND y = 1389 AS mine FROM (
    SELECT variant, z, x, y, kind, class, ax, ay, dx, dy,
           CASE kind
               WHEN 0 THEN ax & 15 IN (0, 15) OR ay & 15 IN (0, 15)
               WHEN 1 THEN least(ax, ax + dx) - (x << 8) < 4
                        OR greatest(ax, ax + dx) - (x << 8) >= 256 - 4
                        OR least(ay, ay + dy) - (y << 8) < 4
                        OR greatest(ay, ay + dy) - (y << 8) >= 256 - 4
               ELSE false END AS is_near,
           sum(n)::bigint AS n, sum(weight)::bigint AS weight, sum(sum_x)::bigint AS sum_x,
           sum(sum_y)::bigint AS sum_y, sum(sum_id)::bigint AS sum_id
    FROM (
    SELECT 0::smallint AS variant, z, x, y, kind, class,
           CASE WHEN swapped THEN bx ELSE ax END AS ax, CASE WHEN swapped THEN by ELSE ay END AS ay,
           CASE WHEN swapped THEN ax - bx ELSE bx - ax END AS dx,
           CASE WHEN swapped THEN ay - by ELSE by - ay END AS dy, n, weight, sum_x, sum_y, sum_id
    FROM (
        SELECT *, (bx, by) < (ax, ay) AS swapped
        FROM (
            SELECT z, kind, class, x >> (30 - z) AS x, y >> (30 - z) AS y,
                   (CASE kind WHEN 1 THEN ax ELSE x END) >> fine AS ax,
                   (CASE kind WHEN 1 THEN ay ELSE y END) >> fine AS ay,
                   (CASE kind WHEN 1 THEN bx ELSE x END) >> fine AS bx,
                   (CASE kind WHEN 1 THEN by ELSE y END) >> fine AS by,
                   1 AS n, 1 * (weight - CASE WHEN is_long THEN weight / 3 * 2 ELSE 0 END) AS weight,
                   1 * x::bigint AS sum_x, 1 * y::bigint AS sum_y, 1 * id AS sum_id
            FROM (SELECT *, 12 AS z, "class_0" AS class, 30 - 12 - (ARRAY[4, 8, 7])[kind + 1] AS fine FROM (
    SELECT *, kind = 2 AND weight >= 3 AND first IS NOT NULL AND long > 1 << greatest(24 - own, 0) AS is_long,
           CASE WHEN first IS NULL THEN x WHEN kind = 1 THEN overview_x(ST_X(first))
                ELSE x + (overview_x(ST_X(first)) - x) * 2 / 3 END AS ax,
           CASE WHEN first IS NULL THEN y WHEN kind = 1 THEN overview_y(ST_Y(first))
                ELSE y + (overview_y(ST_Y(first)) - y) * 2 / 3 END AS ay,
           CASE WHEN last IS NULL THEN x WHEN kind = 1 THEN overview_x(ST_X(last))
                ELSE x + (overview_x(ST_X(last)) - x) * 2 / 3 END AS bx,
           CASE WHEN last IS NULL THEN y WHEN kind = 1 THEN overview_y(ST_Y(last))
                ELSE y + (overview_y(ST_Y(last)) - y) * 2 / 3 END AS by
    FROM (
        SELECT id, own, kind, "class_0", (west + east) / 2 AS x, (north + south) / 2 AS y,
               greatest(east - west, south - north) AS long,
               CASE kind WHEN 0 THEN NULL WHEN 1 THEN ST_StartPoint(line) ELSE ST_PointN(line, 1) END AS first,
               CASE kind WHEN 0 THEN NULL WHEN 1 THEN ST_EndPoint(line)
                   ELSE ST_PointN(line, ST_NPoints(line) / 2 + 1) END AS last,
               greatest(CASE kind WHEN 2 THEN ST_Area(geom_3857) WHEN 1 THEN ST_Length(geom_3857) END, 1)::bigint
                   AS weight
        FROM (
            SELECT id, drawn_from % 100 AS own, geom_3857, kind, "class_0",
                   overview_x(ST_XMin(geom_3857)) AS west, overview_x(ST_XMax(geom_3857)) AS east,
                   overview_y(ST_YMin(geom_3857)) AS south, overview_y(ST_YMax(geom_3857)) AS north,
                   CASE kind WHEN 1 THEN ST_GeometryN(geom_3857, 1)
                       WHEN 2 THEN ST_ExteriorRing(ST_GeometryN(geom_3857, 1)) END AS line
            FROM (SELECT id, drawn_from, ST_Dimension(geom_3857) AS kind, ( -1)::smallint AS "class_0",
                         -- Very many vertices are unpacked once, not by each function that asks them.
                         CASE WHEN drawn_from < 100 THEN geom_3857 ELSE ST_Force2D(geom_3857) END AS geom_3857
                  FROM (SELECT * FROM (SELECT * FROM layers_feature WHERE layer_id = <id>) AS stored WHERE geom_3857 && ST_TileEnvelope(12, 2389, 1389, margin => 0.125) AND drawn_from % 100 > 12) AS near OFFSET 0) AS measured OFFSET 0
        ) AS placed OFFSET 0
    ) AS ended) AS "m") AS measured
            UNION ALL
            SELECT z, kind, class, px >> (30 - z), py >> (30 - z), px >> fine, py >> fine, px >> fine, py >> fine,
                   0, 1 * (weight / 3), 0, 0, 0
            FROM (SELECT *, 12 AS z, "class_0" AS class, 30 - 12 - (ARRAY[4, 8, 7])[kind + 1] AS fine FROM (
    SELECT *, kind = 2 AND weight >= 3 AND first IS NOT NULL AND long > 1 << greatest(24 - own, 0) AS is_long,
           CASE WHEN first IS NULL THEN x WHEN kind = 1 THEN overview_x(ST_X(first))
                ELSE x + (overview_x(ST_X(first)) - x) * 2 / 3 END AS ax,
           CASE WHEN first IS NULL THEN y WHEN kind = 1 THEN overview_y(ST_Y(first))
                ELSE y + (overview_y(ST_Y(first)) - y) * 2 / 3 END AS ay,
           CASE WHEN last IS NULL THEN x WHEN kind = 1 THEN overview_x(ST_X(last))
                ELSE x + (overview_x(ST_X(last)) - x) * 2 / 3 END AS bx,
           CASE WHEN last IS NULL THEN y WHEN kind = 1 THEN overview_y(ST_Y(last))
                ELSE y + (overview_y(ST_Y(last)) - y) * 2 / 3 END AS by
    FROM (
        SELECT id, own, kind, "class_0", (west + east) / 2 AS x, (north + south) / 2 AS y,
               greatest(east - west, south - north) AS long,
               CASE kind WHEN 0 THEN NULL WHEN 1 THEN ST_StartPoint(line) ELSE ST_PointN(line, 1) END AS first,
               CASE kind WHEN 0 THEN NULL WHEN 1 THEN ST_EndPoint(line)
                   ELSE ST_PointN(line, ST_NPoints(line) / 2 + 1) END AS last,
               greatest(CASE kind WHEN 2 THEN ST_Area(geom_3857) WHEN 1 THEN ST_Length(geom_3857) END, 1)::bigint
                   AS weight
        FROM (
            SELECT id, drawn_from % 100 AS own, geom_3857, kind, "class_0",
                   overview_x(ST_XMin(geom_3857)) AS west, overview_x(ST_XMax(geom_3857)) AS east,
                   overview_y(ST_YMin(geom_3857)) AS south, overview_y(ST_YMax(geom_3857)) AS north,
                   CASE kind WHEN 1 THEN ST_GeometryN(geom_3857, 1)
                       WHEN 2 THEN ST_ExteriorRing(ST_GeometryN(geom_3857, 1)) END AS line
            FROM (SELECT id, drawn_from, ST_Dimension(geom_3857) AS kind, ( -1)::smallint AS "class_0",
                         -- Very many vertices are unpacked once, not by each function that asks them.
                         CASE WHEN drawn_from < 100 THEN geom_3857 ELSE ST_Force2D(geom_3857) END AS geom_3857
                  FROM (SELECT * FROM (SELECT * FROM layers_feature WHERE layer_id = <id>) AS stored WHERE geom_3857 && ST_TileEnvelope(12, 2389, 1389, margin => 0.125) AND drawn_from % 100 > 12) AS near OFFSET 0) AS measured OFFSET 0
        ) AS placed OFFSET 0
    ) AS ended) AS "m"
                  WHERE is_long) AS measured,
                 LATERAL (VALUES (ax, ay), (bx, by)) AS place (px, py)
        ) AS shifted
    ) AS ends) AS single GROUP BY variant, z, x, y, kind, class, ax, ay, dx, dy) AS "made" WHERE is_near OR x = 2389 AND y = 1389) AS rows
        ) AS ends
    ) AS keyed
    GROUP BY kind, class, a, b),
    led AS (
        SELECT kind, 510 - (best & 511)::integer AS class, ay, ax, ay + dy AS by, ax + dx AS bx, n, own, weight,
               coalesce(floor(sum_x / nullif(n, 0))::bigint - 626262016 >> 6, ax * 32 + 32 / 2 - 9785344) AS x,
               coalesce(floor(sum_y / nullif(n, 0))::bigint - 364118016 >> 6, ay * 32 + 32 / 2 - 5689344) AS y,
               CASE WHEN n = 1 THEN sum_id END::bigint AS feature, best < 512 AS hidden
        FROM (
            SELECT kind, ay, ax, dy, dx, sum(n) AS n, sum(own) AS own, sum(weight) AS weight, sum(sum_x) AS sum_x,
                   sum(sum_y) AS sum_y, sum(sum_id) AS sum_id,
                   max(CASE WHEN class IN (NULL) THEN 0 ELSE weight::bigint << 9 END | 510 - class) AS best
            FROM cell GROUP BY kind, ay, ax, dy, dx
        ) AS summed
    ),
    runs AS (
        SELECT class, ay, min(ax) AS first, max(ax) + 1 AS last, sum(n) AS n, sum(own) AS own, max(feature) AS feature
        FROM (SELECT *, ax - row_number() OVER (PARTITION BY ay, class ORDER BY ax) AS run FROM led
              WHERE kind = 2 AND NOT hidden AND weight >= 0.5 * 5842.619293068835) AS whole
        GROUP BY class, ay, run
    )
    SELECT 2 AS kind, class, n::bigint AS n, own::bigint AS own, CASE WHEN n = 1 THEN feature END AS feature,
           ay AS line, first AS place,
           ST_Reverse(ST_MakeEnvelope(first * 32 - 9785344, ay * 32 - 5689344,
                                      last * 32 - 9785344, (ay + 1) * 32 - 5689344)) AS geom
    FROM runs
    UNION ALL
    SELECT 2, class, n::bigint, own::bigint, feature, ay, ax,
           ST_Reverse(ST_MakeEnvelope(round(x - half), round(y - half), round(x + half), round(y + half)))
    FROM (SELECT *, greatest(0.375, sqrt(weight / 5842.619293068835::double precision)) * 32 / 2 AS half
          FROM led WHERE kind = 2 AND NOT hidden AND weight < 0.5 * 5842.619293068835) AS sparse) AS g  UNION ALL (SELECT id, CASE WHEN "geom_3857" @ ST_TileEnvelope(12, 2389, 1389, margin => 0.015625) THEN coalesce(ST_ForcePolygonCCW(ST_Simplify(ST_SnapToGrid(ST_TransScale("geom_3857",  -3336323.410591375,  -6447616.209911186, 0.4186452654937383, -0.4186452654937383), 4), 0, true)), ST_AsMVTGeom(coalesce(ST_SnapToGrid("geom_3857", 3336323.410591375, 6447616.209911186, 9.554628535647032, 9.554628535647032), "geom_3857"), ST_TileEnvelope(12, 2389, 1389, margin => 0.0), 4096, 64, true)) ELSE ST_AsMVTGeom(coalesce(ST_SnapToGrid("geom_3857", 3336323.410591375, 6447616.209911186, 9.554628535647032, 9.554628535647032), "geom_3857"), ST_TileEnvelope(12, 2389, 1389, margin => 0.0), 4096, 64, true) END AS geom, CASE WHEN geom_3857 @ ST_TileEnvelope(12, 2389, 1389, margin => 0.0) OR (overview_x((ST_XMin(box2d(geom_3857)) + ST_XMax(box2d(geom_3857))) / 2) >> 18 = 2389 AND overview_y((ST_YMin(box2d(geom_3857)) + ST_YMax(box2d(geom_3857))) / 2) >> 18 = 1389) THEN 1 ELSE 0 END AS own, NULL::bigint AS n, 3 AS rank, 0 AS line, 0 AS place, 0 AS class FROM (SELECT * FROM layers_feature WHERE layer_id = <id>) AS stored WHERE "geom_3857" && ST_TileEnvelope(12, 2389, 1389, margin => 0.015625) AND drawn_from <= 12 UNION ALL SELECT id, CASE WHEN "geom_3857" @ ST_TileEnvelope(12, 2389, 1389, margin => 0.015625) THEN coalesce(ST_ForcePolygonCCW(ST_Simplify(ST_SnapToGrid(ST_TransScale("geom_3857",  -3336323.410591375,  -6447616.209911186, 0.4186452654937383, -0.4186452654937383), 4), 0, true)), ST_AsMVTGeom(coalesce(ST_SnapToGrid("geom_3857", 3336323.410591375, 6447616.209911186, 9.554628535647032, 9.554628535647032), "geom_3857"), ST_TileEnvelope(12, 2389, 1389, margin => 0.0), 4096, 64, true)) ELSE ST_AsMVTGeom(coalesce(ST_SnapToGrid("geom_3857", 3336323.410591375, 6447616.209911186, 9.554628535647032, 9.554628535647032), "geom_3857"), ST_TileEnvelope(12, 2389, 1389, margin => 0.0), 4096, 64, true) END AS geom, CASE WHEN geom_3857 @ ST_TileEnvelope(12, 2389, 1389, margin => 0.0) OR (overview_x((ST_XMin(box2d(geom_3857)) + ST_XMax(box2d(geom_3857))) / 2) >> 18 = 2389 AND overview_y((ST_YMin(box2d(geom_3857)) + ST_YMax(box2d(geom_3857))) / 2) >> 18 = 1389) THEN 1 ELSE 0 END AS own, NULL::bigint AS n, 3 AS rank, 0 AS line, 0 AS place, 0 AS class FROM (SELECT * FROM layers_feature WHERE layer_id = <id>) AS stored WHERE "geom_3857" && ST_TileEnvelope(12, 2389, 1389, margin => 0.015625) AND drawn_from >= 100 AND drawn_from <= 100 + 12 ORDER BY id LIMIT 10001)) AS every ORDER BY rank, line, place, class, id) AS _row, LATERAL (SELECT _row.id, _row.geom, n AS "_n") AS _tile;

-- viewer, zoom 16, over “default”
SELECT ST_AsMVT(_tile, 'demo.parcels', 4096, 'geom', 'id'), count(_row.geom),
                  coalesce(sum(_row.own), 0)::bigint
           FROM ((SELECT id, CASE WHEN "geom_3857" @ ST_TileEnvelope(16, 38229, 22226, margin => 0.015625) THEN coalesce(ST_ForcePolygonCCW(ST_SnapToGrid(ST_TransScale("geom_3857",  -3339380.8917227834,  -6446393.217458624, 6.698324247899813, -6.698324247899813), 1)), ST_AsMVTGeom(CASE WHEN drawn_from < 100 THEN "geom_3857" ELSE ST_ClipByBox2D("geom_3857", ST_TileEnvelope(16, 38229, 22226, margin => 0.03125)) END, ST_TileEnvelope(16, 38229, 22226, margin => 0.0), 4096, 64, true)) ELSE ST_AsMVTGeom(CASE WHEN drawn_from < 100 THEN "geom_3857" ELSE ST_ClipByBox2D("geom_3857", ST_TileEnvelope(16, 38229, 22226, margin => 0.03125)) END, ST_TileEnvelope(16, 38229, 22226, margin => 0.0), 4096, 64, true) END AS geom, CASE WHEN geom_3857 @ ST_TileEnvelope(16, 38229, 22226, margin => 0.0) OR (overview_x((ST_XMin(box2d(geom_3857)) + ST_XMax(box2d(geom_3857))) / 2) >> 14 = 38229 AND overview_y((ST_YMin(box2d(geom_3857)) + ST_YMax(box2d(geom_3857))) / 2) >> 14 = 22226) THEN 1 ELSE 0 END AS own, (properties->>'cad_num')::text AS "field_0", (properties->>'name')::text AS "field_1" FROM (SELECT * FROM layers_feature WHERE layer_id = <id>) AS stored WHERE "geom_3857" && ST_TileEnvelope(16, 38229, 22226, margin => 0.015625) ORDER BY id LIMIT 10001)) AS _row, LATERAL (SELECT _row.id, _row.geom, "field_0" AS "cad_num", "field_1" AS "name") AS _tile;
