-- anonymous, zoom 12, over “public”
SELECT ST_AsMVT(tile, 'demo.parcels', 4096, 'geom', 'id'), count(*) FROM (SELECT id, ST_AsMVTGeom(ST_Simplify(geom_3857, 9.554628535647032, true), ST_TileEnvelope(12, 2389, 1389, margin => 0.0), 4096, 64, true) AS geom FROM "pub"."demo_parcels" WHERE geom_3857 && ST_TileEnvelope(12, 2389, 1389, margin => 0.015625) ORDER BY id LIMIT 50000) AS tile;

-- anonymous, zoom 16, over “public”
SELECT ST_AsMVT(tile, 'demo.parcels', 4096, 'geom', 'id'), count(*) FROM (SELECT id, ST_AsMVTGeom(geom_3857, ST_TileEnvelope(16, 38229, 22226, margin => 0.0), 4096, 64, true) AS geom, "cad_num" AS "cad_num", "name" AS "name" FROM "pub"."demo_parcels" WHERE geom_3857 && ST_TileEnvelope(16, 38229, 22226, margin => 0.015625) ORDER BY id LIMIT 50000) AS tile;

-- viewer, zoom 12, over “default”
SELECT ST_AsMVT(tile, 'demo.parcels', 4096, 'geom', 'id'), count(*) FROM (SELECT id, ST_AsMVTGeom(ST_Simplify(geom_3857, 9.554628535647032, true), ST_TileEnvelope(12, 2389, 1389, margin => 0.0), 4096, 64, true) AS geom FROM (SELECT * FROM layers_feature WHERE layer_id = <id>) AS stored WHERE geom_3857 && ST_TileEnvelope(12, 2389, 1389, margin => 0.015625) ORDER BY id LIMIT 50000) AS tile;

-- viewer, zoom 16, over “default”
SELECT ST_AsMVT(tile, 'demo.parcels', 4096, 'geom', 'id'), count(*) FROM (SELECT id, ST_AsMVTGeom(geom_3857, ST_TileEnvelope(16, 38229, 22226, margin => 0.0), 4096, 64, true) AS geom, (properties->>'cad_num')::text AS "cad_num", (properties->>'name')::text AS "name" FROM (SELECT * FROM layers_feature WHERE layer_id = <id>) AS stored WHERE geom_3857 && ST_TileEnvelope(16, 38229, 22226, margin => 0.015625) ORDER BY id LIMIT 50000) AS tile;
