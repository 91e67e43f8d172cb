"""The pages. A view parses the request, calls, and renders; rules live in layers, importers and gis_core."""
