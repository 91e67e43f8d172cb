"""`make bench`: measures everything, prints a table, writes var/bench.json.

    python -m benchmarks [imports] [tiles] [rasters] [--parcels 200000 1000000] [--rounds 3] [--full]

Works in a database of its own, hromada_bench, on the server that the program uses; it is dropped at the end.
"""

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks import database
from benchmarks.measuring import Figure, write_report

PARTS = ("imports", "tiles", "rasters")
_LARGEST = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", default=PARTS, help=f"what to measure: {', '.join(PARTS)} (all)")
    parser.add_argument(
        "--parcels", type=int, nargs="+", default=[200_000],
        help="sizes of the generated layer; tiles are measured on the first",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--full", action="store_true",
        help="imports also of 1M parcels, again with 1 %% of them changed, and the growth from 100k to 2M; "
        "takes half an hour",
    )  # fmt: skip
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hromada-bench-") as folder, database.own_database():
        figures = _measured(chosen, Path(folder))
        from django.conf import settings

        write_report(figures, Path(settings.VAR_DIR) / "bench.json")


def _measured(chosen: argparse.Namespace, folder: Path) -> list[Figure]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "gis_core.settings.base"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    import django

    django.setup()
    from benchmarks import imports, rasters, tiles

    database.migrate()
    database.make_community()
    figures: list[Figure] = []
    if "imports" in chosen.parts:
        sizes = dict.fromkeys([*chosen.parcels, *([_LARGEST] if chosen.full else [])])
        for parcels in sizes:
            figures += imports.measure(folder, parcels, rounds=chosen.rounds)
        if chosen.full:
            figures += imports.measure_again(folder, _LARGEST, rounds=chosen.rounds)
            figures += imports.measure_growth(folder, rounds=chosen.rounds)
    if "tiles" in chosen.parts:
        parcels = chosen.parcels[0]
        layers = {
            "demo": database.load_demo_parcels(folder),
            f"{parcels // 1000}k": imports.bring_in(imports.make_archive(folder, parcels)),
        }
        for name, layer in layers.items():
            figures += tiles.measure(name, layer, rounds=chosen.rounds)
    if "rasters" in chosen.parts:
        figures += rasters.measure(folder, rounds=chosen.rounds)
    return figures


main()
