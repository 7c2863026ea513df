"""Measures wrong trainings and draws them beside the bands: `python -m tests.thresholds [--seeds 20] [--draw-only]`.

Writes tests/thresholds/measured.json and docs/thresholds.png. Takes about 4 s of one core for each run.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from autograder.calibration import load
from autograder.settings import load_settings
from tests.thresholds.picture import draw
from tests.thresholds.wrong import MEASURED, load_measured, load_wrong, measure_wrong, values_mean

PICTURE = Path(__file__).parents[2] / "docs" / "thresholds.png"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.thresholds", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="runs of each wrong training")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--draw-only", action="store_true", help="train nothing, only draw and print")
    options = parser.parse_args()
    setting = load_settings().training.cpu
    if not options.draw_only:
        with tempfile.TemporaryDirectory() as folder:
            found = measure_wrong(setting, options.seeds, options.processes, Path(folder))
        MEASURED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    bands, measured = load(setting), load_measured()
    for wrong in load_wrong():
        values, band = measured["values"][wrong.name][wrong.quantity], bands.band(wrong.kind, wrong.quantity)
        print(
            f"{wrong.name:22} {wrong.kind:7} {wrong.quantity:11} mean {values_mean(values):6.3f}"
            f"  band [{band.low:6.3f}, {band.high:6.3f}]  missed with probability {wrong.missed(bands, values):.1g}"
        )
    draw(bands, measured, PICTURE)
    print(f"drawn: {PICTURE}")


if __name__ == "__main__":
    main()
