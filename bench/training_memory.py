"""How much memory preparing and training hold at most: a short training run, with its peak after every step.

    python bench/training_memory.py --clips 200
    python bench/training_memory.py --set ckplus48 data/ckplus48 --set disfa data/disfa

What a step holds does not depend on how many optimiser steps it takes; few are taken. Linux only.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List

import yaml

FEW = 4
LIMIT_MB = 2000


def configuration(work: Path, clips: int, sets: List[List[str]]) -> Dict[str, Any]:
    """The shipped configuration's network and batches, few steps of each stage."""
    return {
        "threads": 1,
        "work_folder": str(work),
        "bundle_folder": str(work / "bundle"),
        "encoder": {"width": 24},
        "clips": {"training": clips, "validation": max(2, clips // 10)},
        "data_sets": [{"name": name, "path": path} for name, path in sets],
        "pretraining": {"optimiser": {"steps": FEW, "batch_size": 96}},
        "window_training": {"optimiser": {"steps": FEW, "batch_size": 32}},
        "fuzzy_ranges": {"fit": False},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=2, help="generated clips to train on")
    parser.add_argument("--set", nargs=2, action="append", default=[], metavar=("NAME", "FOLDER"), help="a data set")
    parser.add_argument("--work", type=Path, help="work folder, where an earlier run goes on; else a temporary one")
    parser.add_argument("--until", default="windows", help="the last step to run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        config = work / "config.yaml"
        config.write_text(yaml.safe_dump(configuration(work, options.clips, options.set)))
        for step in ("prepare", "pretrain", "encode", "windows", "ranges", "finish"):
            command = [sys.executable, "-m", "stf2m_ros.cli.train", "--config", str(config), "--step", step]
            subprocess.run(command, check=True)  # a process of its own: its peak is the step's
            if step == options.until:
                break
        return _report(json.loads((work / "steps.json").read_text()))


def _report(told: Dict[str, Dict[str, float]]) -> int:
    for step, entry in told.items():
        print(f"{step:10s} at most {entry['peak_mb']:7.0f} MB")
    worst = max(entry["peak_mb"] for entry in told.values())
    print(f"under {LIMIT_MB} MB: {'yes' if worst < LIMIT_MB else 'NO'}")
    return 0 if worst < LIMIT_MB else 1


if __name__ == "__main__":
    sys.exit(main())
