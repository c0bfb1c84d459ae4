"""Which faces are found, and how many false ones are reported, on pictures that the engine was not tuned on.

usage: python -m tests.benchmarks.faces [PART ...] [--detector NAME ...] [--half HALF] [--quick] [--data DATA]

ghosts    false faces on the wallpapers of Debian's packages, still with noise and panned: an hour of photographs, two
          of drawings, and a quarter of drawings that show somebody; a quarter of each with --quick
recall    the faces of the shipped pictures and clips, turned, small, dark, lit from one side, blurred and covered
beside    how soon a second face is reported beside one that is tracked
walkers   when the three persons of the demo clip are reported, with each runtime and decoder
accuracy  of the classifier on turned faces of FER-2013, with upright and with aligned crops; needs --data

It compares the pipeline with each detector, the cascade on whole frames (plain-haar) and the face network on whole
frames (plain-network). Rules are tuned on the first, third, ... of the sorted pictures (--half tune) and reported on
the others (--half report). Exits with 1 if a pipeline misses a target.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.face_detection import accuracy, beside, ghosts, recall, walkers
from tests.benchmarks.face_detection.methods import METHODS
from tests.benchmarks.face_detection.options import ALL, HALVES, Options, use_one_thread

PARTS: dict[str, Callable[[Options], bool]] = {
    "ghosts": ghosts.report,
    "recall": recall.report,
    "beside": beside.report,
    "walkers": walkers.report,
    "accuracy": accuracy.report,
}


def main() -> int:
    """Print the tables. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument("--detector", action="append", choices=METHODS, help="a method; may be repeated (default: all)")
    parser.add_argument("--half", choices=HALVES, default=ALL, help="of the pictures (default: all)")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a quarter of the false faces' clips, conditions with a target, and 500 faces",
    )
    parser.add_argument("--data", type=Path, help="FER-2013, for the accuracy")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count(), help="processes (default: every core)")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown part: {', '.join(sorted(unknown))}; expected {', '.join(PARTS)}")
    methods = tuple(arguments.detector or METHODS)
    options = Options(methods, arguments.half, arguments.quick, arguments.jobs, arguments.data)
    use_one_thread()
    results = [PARTS[part](options) for part in arguments.parts or PARTS]
    return int(not all(results))


if __name__ == "__main__":
    sys.exit(main())
