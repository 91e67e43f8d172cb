"""Rasters: a picture or a grid that somebody sends becomes one checked Cloud Optimized GeoTIFF.

    with work_folder() as work:
        made = convert_raster([Sent("план.tif", path)], work=work, crs="", nodata=None)

As with vector files, the process that opens the sent file has given up every other right; here are only its
request, its answer and the check of what it wrote.
"""
