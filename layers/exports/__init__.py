"""Exports: a layer as a file, read as its reader may see it.

Every format is read through `layers.access.read_source`: with the anonymous user that is the
publication, and what is closed cannot reach the file. Memory stays flat in the layer's size (except
for the HTML map, which is capped), and a file appears whole or not at all.
"""

from layers.exports.export import FORMATS, Export, ExportFailed, ExportOptions, export_layer

__all__ = ["FORMATS", "Export", "ExportFailed", "ExportOptions", "export_layer"]
