"""`python -m importers.demo OUTDIR` writes the demo community's shapefiles and their manifest."""

import argparse
import sys
import time
from pathlib import Path

from importers.demo.writer import write_demo


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m importers.demo", description=__doc__)
    parser.add_argument("outdir", type=Path)
    started = time.perf_counter()
    for file in write_demo(parser.parse_args().outdir):
        options = {"--crs": file.crs, "--encoding": file.encoding}
        told = " ".join(f"{option} {value}" for option, value in options.items() if value)
        sys.stdout.write(f"{file.path.name:28} {file.slug:20} {file.rows:6} {told}\n")
    sys.stdout.write(f"{time.perf_counter() - started:.1f} s\n")


if __name__ == "__main__":
    main()
