"""How much memory labelling, preparing and training hold at most: every step a process of its own, with its peak.

    python bench/training_memory.py --clips 200
    python bench/training_memory.py --set ckplus48 data/ckplus48
    python bench/training_memory.py --label disfa data/disfa --set disfa data/disfa --until encode

What a step holds does not depend on how many optimiser steps it takes; few are taken. Linux only.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import psutil
import yaml

FEW = 4
LIMIT_MB = 2000
LOOK_EVERY_S = 0.2
STEPS = ("prepare", "pretrain", "encode", "windows", "ranges", "finish")


class Held(NamedTuple):
    """The most memory in MB at any moment that we looked at.

    one_mb: of the process that held most. all_mb: of the command and its workers together, pages that several of them
    share counted once.
    """

    one_mb: float
    all_mb: float


def held_by(command: List[str]) -> Held:
    """Runs the command to its end. Raises subprocess.CalledProcessError."""
    most = Held(0.0, 0.0)
    with subprocess.Popen(command) as child:
        family = psutil.Process(child.pid)
        while child.poll() is None:
            now = _held_now(family)
            most = Held(max(most.one_mb, now.one_mb), max(most.all_mb, now.all_mb))
            time.sleep(LOOK_EVERY_S)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return most


def _held_now(family: psutil.Process) -> Held:
    one, together = [0], 0
    try:
        for process in (family, *family.children(recursive=True)):
            told = process.memory_full_info()
            one.append(told.rss)
            together += told.pss
    except psutil.NoSuchProcess:  # it ended while we looked
        pass
    return Held(max(one) / 1e6, together / 1e6)


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
    parser.add_argument(
        "--label", nargs=2, action="append", default=[], metavar=("NAME", "FOLDER"), help="by the rules"
    )
    parser.add_argument("--work", type=Path, help="work folder, where an earlier run goes on; else a temporary one")
    parser.add_argument("--until", choices=STEPS, default="windows", help="the last step to run")
    options = parser.parse_args()
    told: Dict[str, Held] = {}
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        for name, path in options.label:
            told[f"label {name}"] = held_by(_module("label", name, path, "--out", str(work / "labels")))
        config = work / "config.yaml"
        config.write_text(yaml.safe_dump(configuration(work, options.clips, options.set)))
        for step in STEPS[: STEPS.index(options.until) + 1]:
            told[step] = held_by(_module("train", "--config", str(config), "--step", step))
    return _report(told)


def _module(name: str, *arguments: str) -> List[str]:
    return [sys.executable, "-m", f"stf2m_ros.cli.{name}", *arguments]


def _report(told: Dict[str, Held]) -> int:
    print(f"{'MB at most':14s}{'one process':>14s}{'all together':>14s}")
    for step, held in told.items():
        print(f"{step:14s}{held.one_mb:14.0f}{held.all_mb:14.0f}")
    worst = max(max(held) for held in told.values())
    print(f"under {LIMIT_MB} MB: {'yes' if worst < LIMIT_MB else 'NO'}")
    return 0 if worst < LIMIT_MB else 1


if __name__ == "__main__":
    sys.exit(main())
