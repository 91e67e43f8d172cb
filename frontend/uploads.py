"""The gate before a form with a file."""

from importers.gate import FORM_BYTES, RasterGate, UploadGate

__all__ = ["FORM_BYTES", "RasterGate", "UploadGate"]
