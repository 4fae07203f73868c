"""Speed and memory in one run: the network, the runtime, the node behind a real camera process on the real middleware.

python bench/speed_and_memory.py [--minutes 10] [--node-minutes 1] [--bundle FOLDER] [--skip-network] [--skip-node]
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import List, Optional, Tuple

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "test"), str(Path(__file__).parent)]
from measuring.figures import Figure, table, write_json  # noqa: E402
from measuring.hop_part import measure_hop  # noqa: E402
from measuring.node_part import Expected, measure_node  # noqa: E402
from measuring.runtime_part import engines_ms, figures_of, newest_frame_engines_ms, run_runtime  # noqa: E402

NODE_CAMERAS = ((640, 360), (1280, 720), (1920, 1080))
RUNTIME_MINUTES = 1.0  # for every camera after the first
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
    parser.add_argument("--rounds", type=int, default=15, help="of the network's turns")
    parser.add_argument("--skip-network", action="store_true", help="what needs no PyTorch only")
    parser.add_argument("--skip-compile", action="store_true", help="without torch.compile, which takes minutes")
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
    figures, full_encoder_ms = ([], None) if options.skip_network else _network(options)
    for width, height in NODE_CAMERAS:
        minutes = options.minutes if (width, height) == NODE_CAMERAS[0] else min(options.minutes, RUNTIME_MINUTES)
        print(f"runtime: {minutes:g} minutes of camera, {width}x{height}, as fast as they go", flush=True)
        run = run_runtime(bundle, minutes * 60, options.threads, (width, height))
        engines, rest = engines_ms(run)
        wanted = f"<= {full_encoder_ms:.3g}" if full_encoder_ms else ""
        part = f"runtime, {width}x{height}"
        figures += [*figures_of(run), Figure(part, "all but the engines, processor, per slot", rest, "ms", wanted)]
        if (width, height) == NODE_CAMERAS[0]:  # a hop costs the same at every size
            figures += measure_hop(bundle, run, full_encoder_ms)
        if options.skip_node:
            continue
        print(f"node: {options.node_minutes:g} minutes of a real camera process, {width}x{height} at 30 frames/s")
        expected = Expected(newest_frame_engines_ms(run), engines, full_encoder_ms)
        figures += measure_node(bundle, options.node_minutes, width, height, options.threads, expected)
    return figures


def _network(options: argparse.Namespace) -> Tuple[List[Figure], float]:
    """With one thread, as the robot runs it, and with two, as it is compared."""
    from measuring.network_part import measure_network

    print("network: full width against PyTorch, turn by turn", flush=True)
    compiled = not options.skip_compile
    alone, full = measure_network(1, options.rounds, compiled)
    together, _ = measure_network(2, options.rounds, compiled) if (os.cpu_count() or 1) > 1 else ([], full)
    return [*alone, *together], full.encoder_cpu_ms


if __name__ == "__main__":
    sys.exit(main())
