"""Pictures and values out of rasters: tiles in Web Mercator, the value at a point, a profile along a line.

    body = tile(raster, TileAddress(14, 9500, 5600))      # layers.rastertiles.tiles
    found = profile(raster, [(29.2, 48.6), (29.3, 48.7)])  # layers.rastertiles.values

A raster is opened in a process of its own that has given up every other right (`child`, started by `reader`);
`sources`, `warping`, `drawing` and `sampling` run there alone. The web process never loads rasterio.
"""
