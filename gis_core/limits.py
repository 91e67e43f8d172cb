"""Every limit of the system in one table: name, default, unit, help. Published at `/api/limits`."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """One limit; the environment variable HROMADA_<NAME> overrides `default`."""

    name: str
    default: int
    unit: str
    help: str


TABLE: tuple[Limit, ...] = (
    Limit("max_upload_mb", 200, "MB", "Largest file that may be uploaded"),
    Limit("max_unfinished_uploads", 50, "files", "Most files of one community that are still being sent"),
    Limit("max_import_files", 50, "files", "Most files that form one import"),
    Limit("min_free_disk_percent", 15, "%", "Room on the disk of the uploads below which no file is taken"),
    Limit("min_free_disk_mb", 10_240, "MB", "Room that is enough on any disk, however large"),
    Limit(
        "upload_expires_h", 48, "h", "Time after which a file that was not sent to its end, or not used, goes"
    ),
    Limit("import_expires_d", 30, "days", "Time after which an import that was not finished is thrown away"),
    Limit("import_file_kept_d", 90, "days", "Time for which the file of a finished import is kept"),
    Limit("max_unpacked_mb", 2048, "MB", "Largest unpacked size of an archive"),
    Limit("max_archive_entries", 500, "files", "Most files in one archive"),
    Limit("max_sheet_cells", 20_000_000, "cells", "Most cells of a spreadsheet, empty ones between them too"),
    Limit("max_dxf_entities", 2_000_000, "entities", "Most entities of a DXF with all its blocks in place"),
    Limit("max_geodatabase_files", 10_000, "files", "Most files of File Geodatabases in one archive"),
    Limit("max_archive_ratio", 200, "times", "Largest ratio of unpacked to packed size"),
    Limit("max_import_features", 5_000_000, "features", "Most features in one import"),
    Limit("max_fields", 200, "fields", "Most fields in one layer"),
    Limit("max_field_name", 1_000, "letters", "Longest name of a column in an imported file"),
    Limit("max_vertices", 100_000, "vertices", "Most vertices in one imported feature"),
    Limit("max_diff_vertices", 500_000, "vertices", "Most vertices of an import's differences on one map"),
    Limit(
        "diff_tolerance_mm", 10, "mm", "Largest move of a vertex that an import does not count as a change"
    ),
    Limit("max_edit_vertices", 10_000, "vertices", "Most vertices in one feature drawn by hand"),
    Limit("max_parts", 1_000, "parts", "Most parts in one multi-geometry"),
    Limit("max_rings", 10_000, "rings", "Most rings in one geometry"),
    Limit("max_text_length", 10_000, "characters", "Longest text value of one field"),
    Limit("max_changes", 1_000, "changes", "Most changes in one changeset sent over the API"),
    Limit("max_page", 1_000, "features", "Most features on one page of items"),
    Limit("max_raster_upload_mb", 2048, "MB", "Largest raster that may be uploaded"),
    Limit("max_raster_megapixels", 2_000, "million pixels", "Most pixels of one raster"),
    Limit("max_raster_decoded_mb", 4_096, "MB", "Largest raster, unpacked"),
    Limit("max_raster_block_mb", 256, "MB", "Largest strip or tile of a raster, unpacked"),
    Limit("max_raster_bands", 32, "bands", "Most bands of one raster"),
    Limit("raster_tile_s", 10, "s", "Longest drawing of one tile of a raster"),
    Limit("raster_reader_memory_mb", 2048, "MB", "Memory of the process that reads rasters for the web"),
    Limit("max_profile_vertices", 200, "points", "Most points of the line of a raster's profile"),
    Limit("max_profile_samples", 1_000, "samples", "Most samples of a raster's profile"),
    Limit("max_harvest_mb", 200, "MB", "Most that is fetched from a layer's source in one round"),
    Limit("max_harvest_pages", 500, "pages", "Most pages of a layer's source in one round"),
    Limit("harvest_s", 600, "s", "Longest fetching of a layer's source"),
    Limit("min_harvest_minutes", 15, "minutes", "Shortest interval at which a layer's source is fetched"),
    Limit("harvest_failures", 5, "rounds", "Failures in a row after which a layer's source is switched off"),
    Limit("sandbox_memory_mb", 2048, "MB", "Memory of the process that opens an uploaded file"),
    Limit("sandbox_cpu_s", 600, "s", "Processor time of the process that opens an uploaded file"),
    Limit(
        "sandbox_inspect_cpu_s", 60, "s", "Processor time for looking at an uploaded file before its import"
    ),
    Limit(
        "sandbox_output_mb", 8192, "MB", "Largest file that the process opening an uploaded file may write"
    ),
    Limit(
        "max_issues", 1_000_000, "issues", "Most issues listed for one import; beyond that they are counted"
    ),
    Limit("repair_s", 5, "s", "Longest repair of one invalid geometry"),
    Limit("job_max_attempts", 3, "attempts", "Starts of a background job before it counts as failed"),
    Limit("job_statement_s", 900, "s", "Longest database statement of a background job"),
    Limit("job_lock_wait_s", 30, "s", "Longest wait of a background job for somebody else's edit"),
    Limit("max_jobs_page", 100, "jobs", "Most jobs on one page of the list"),
    Limit("max_style_classes", 200, "classes", "Most classes in one layer style"),
    Limit(
        "style_sample", 50_000, "features", "Most features whose values the classes of a style are made from"
    ),
    Limit("max_tile_features", 10_000, "features", "Most features drawn in one vector tile"),
    Limit("max_tile_kb", 200, "kB", "Largest vector tile, packed"),
    Limit("tile_wait_ms", 3_000, "ms", "Longest wait for a tile that somebody else's request is making"),
    Limit("tile_cache_mb", 4_096, "MB", "Disk for tiles that are kept in the database"),
    Limit("tile_memory_mb", 64, "MB", "Memory of one web process for tiles that it sent last"),
    Limit(
        "max_archive_tiles", 2_000_000, "tiles", "Most tiles of one archive; beyond it ends a zoom earlier"
    ),
    Limit("max_extract_tiles", 50_000, "tiles", "Most tiles of an area taken from an archive"),
    Limit("max_map_layers", 50, "layers", "Most layers in one tile of a map"),
    Limit("max_watched_layers", 50, "layers", "Most layers asked about at once for their changes"),
    Limit("export_statement_s", 900, "s", "Longest database statement of an export"),
    Limit("max_html_features", 20_000, "features", "Most features in an export as one HTML map"),
    Limit("max_html_vertices", 400_000, "vertices", "Most vertices in an export as one HTML map"),
)

_BY_NAME = {limit.name: limit for limit in TABLE}


def value(name: str) -> int:
    """The limit in force: the environment's, else the default. Raises KeyError for an unknown name."""
    limit = _BY_NAME[name]
    return int(os.environ.get(f"HROMADA_{name.upper()}", limit.default))


def in_force() -> list[dict[str, str | int]]:
    """The table as published to programs, in its order."""
    return [
        {"name": item.name, "value": value(item.name), "unit": item.unit, "help": item.help} for item in TABLE
    ]
