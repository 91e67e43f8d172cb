"""`make bench`: measures everything, prints a table, writes var/bench.json.

    python -m benchmarks [imports] [tiles] [--parcels 200000] [--rounds 3]

Works in a database of its own, hromada_bench, on the server that the program uses; it is dropped at the end.
"""

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks import database
from benchmarks.measuring import Figure, write_report

PARTS = ("imports", "tiles")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", default=PARTS, help=f"what to measure: {', '.join(PARTS)} (all)")
    parser.add_argument("--parcels", type=int, default=200_000, help="size of the generated layer")
    parser.add_argument("--rounds", type=int, default=3)
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
    from benchmarks import imports, tiles

    database.migrate()
    community = database.make_community()
    archive = imports.make_archive(folder, chosen.parcels)
    figures: list[Figure] = []
    if "imports" in chosen.parts:
        figures += imports.measure(archive, chosen.parcels, community, rounds=chosen.rounds)
    if "tiles" in chosen.parts:
        layers = {
            "demo": database.load_demo_parcels(folder),
            f"{chosen.parcels // 1000}k": imports.bring_in(archive),
        }
        for name, layer in layers.items():
            figures += tiles.measure(name, layer, rounds=chosen.rounds)
    return figures


main()
