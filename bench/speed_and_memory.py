"""Speed and memory in one run: the runtime alone, then the node behind a real camera process on the real middleware.

python bench/speed_and_memory.py [--minutes 2] [--node-minutes 1] [--bundle FOLDER] [--skip-node]
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import List, Optional

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "test"), str(Path(__file__).parent)]
from measuring.figures import Figure, table, write_json  # noqa: E402
from measuring.node_part import measure_node  # noqa: E402
from measuring.runtime_part import measure_runtime  # noqa: E402

NODE_CAMERAS = ((640, 360), (1280, 720))
MODELS = REPOSITORY / "models"


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        bundle = _bundle(options.bundle, Path(folder))
        figures = _measure(bundle, options)
    print(table(figures))
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load > processors + 1:
        print(
            f"the machine was busy with other work (load {load:.1f} on {processors} processors): do not trust the times"
        )
    path = Path(options.out) / "speed_and_memory.json"
    write_json(path, figures, str(bundle))
    print(f"figures in {path}")
    return 1 if any(each.holds is False for each in figures) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="of camera for the runtime alone")
    parser.add_argument("--node-minutes", type=float, default=1.0, help="for each camera before the node")
    parser.add_argument("--bundle", type=Path, help="model bundle; the shipped one, or else one of random weights")
    parser.add_argument("--threads", type=int, default=1, help="processor cores that one run of the model may use")
    parser.add_argument("--skip-node", action="store_true", help="the runtime only; needs no ROS")
    parser.add_argument("--out", default=REPOSITORY / "out" / "bench", help="folder of the JSON file")
    return parser.parse_args()


def _bundle(named: Optional[Path], folder: Path) -> Path:
    shipped = sorted(card.parent for card in MODELS.glob("*/bundle.yaml"))
    if named is not None or shipped:
        return named or shipped[0]
    from fakes import write_tiny_bundle

    print(f"no bundle in {MODELS}: measuring with tiny graphs of random weights")
    return write_tiny_bundle(folder / "tiny")


def _measure(bundle: Path, options: argparse.Namespace) -> List[Figure]:
    print(f"runtime: {options.minutes:g} minutes of camera, as fast as they go")
    figures = measure_runtime(bundle, options.minutes, options.threads)
    for width, height in () if options.skip_node else NODE_CAMERAS:
        print(f"node: {options.node_minutes:g} minutes of a real camera process, {width}x{height} at 30 frames/s")
        figures += measure_node(bundle, options.node_minutes, width, height, options.threads)
    return figures


if __name__ == "__main__":
    sys.exit(main())
