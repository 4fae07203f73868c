"""`ros2 run stf2m_ros train`: from a configuration to a bundle that the robot runs."""

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Callable, List, Optional

from stf2m_ros.cli.needed import missing_line
from stf2m_ros.node.early_end import ending_at_once

STEPS = ("prepare", "pretrain", "encode", "windows", "meta", "ranges", "finish")
"""Those of stf2m_ros.training.steps, which is slow to import."""
_ONLY_FATAL = "8"
_NEEDED = ("torch", "onnx", "safetensors", "tensorboard", "scipy", "sklearn", "tqdm")


def main(argv: Optional[List[str]] = None) -> int:
    """Exit code 0 when the bundle stands, 1 for what the user can mend, 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    if missing := missing_line("train", _NEEDED):
        print(missing, file=sys.stderr)
        return 1
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _ONLY_FATAL)  # a broken film is told in a line of our own
    handler = logging.StreamHandler()
    handler.setFormatter(_NewsAsTheyAre("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    is_first = _rank() == 0  # the other processes speak of trouble only
    if not is_first:
        os.environ["TQDM_DISABLE"] = "1"
    logging.getLogger("stf2m_ros").setLevel(logging.INFO if is_first else logging.WARNING)
    return _train(options)


def _train(options: argparse.Namespace) -> int:
    stopped = f"{_name()}: stopped; the same command goes on from here"
    with ending_at_once(130, stopped):  # after the check above, and where Ctrl-C is awaited: slow
        from stf2m_ros.meta.processes import joined_processes
        from stf2m_ros.training.bundle_writing import rounded
        from stf2m_ros.training.config import load_config
        from stf2m_ros.training.feature_pipeline import FeaturePipeline
        from stf2m_ros.training.pipeline import TrainingPipeline

    try:
        config = load_config(options.config)
        config = config.skipping_broken() if options.skip_broken else config
        with joined_processes(config.device) as processes:
            of_pictures = not config.encoder.features
            pipeline = (
                TrainingPipeline(config, options.real_faces, processes)
                if of_pictures
                else FeaturePipeline(config, processes)
            )
            scores = pipeline.run(options.step)
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        return 130
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"{_name()}: {error}", file=sys.stderr)
        return 1
    if processes.is_first and scores:
        print(json.dumps(rounded(scores), indent=2))
        print(f"bundle: {config.bundle_folder}")
        if of_pictures:
            _build_engine(config.bundle_folder)
    return 0


class _NewsAsTheyAre(logging.Formatter):
    """What goes well is told in plain lines; trouble with its level and where it comes from."""

    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage() if record.levelno == logging.INFO else super().format(record)


def _build_engine(bundle_folder: str) -> None:
    """TensorRT's engines for this machine, where there can be any. The bundle stands without them."""
    from stf2m_ros.cli import build_engine
    from stf2m_ros.runtime.cuda_buffers import CudaMissing, load_driver
    from stf2m_ros.runtime.tensorrt_api import TensorRTMissing, find_tensorrt

    lacking = ""
    try:
        find_tensorrt()
        load_driver()
    except (TensorRTMissing, CudaMissing) as missing:
        lacking = str(missing)
    print(build_line(lacking, lambda: build_engine.main(["--bundle", bundle_folder])))


def build_line(lacking: str, build: Callable[[], int]) -> str:
    """Builds where nothing is lacking, and says how it ended."""
    if lacking:
        return f"TensorRT engines: not built, {lacking}; a robot that has TensorRT builds its own"
    if build() != 0:
        return "TensorRT engines: not built, for the reason above; the bundle runs on ONNX Runtime"
    return "TensorRT engines: built for this machine; another builds its own"


def _name() -> str:
    return f"train (process {_rank()})" if _rank() else "train"


def _rank() -> int:
    """Which of the processes that torchrun started this is."""
    return int(os.environ["RANK"]) if "TORCHELASTIC_RUN_ID" in os.environ else 0


def _folder(text: str) -> Path:
    if not Path(text).is_dir():  # said now, not after hours of training
        raise argparse.ArgumentTypeError(f"expected a folder, found none at {text}")
    return Path(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="train", description="Train a model bundle. Run again to go on after a stop.")
    parser.add_argument("--config", type=Path, required=True, help="YAML file, see config/train_demo.yaml")
    parser.add_argument("--skip-broken", action="store_true", help="leave out what cannot be read, and list it")
    parser.add_argument("--step", choices=STEPS, default="", help="do this step alone; those before it must stand")
    parser.add_argument(
        "--real-faces",
        type=_folder,
        metavar="FOLDER",
        help="CK+ in its 48x48 form, <emotion>/<sequence>_<number>.png: judged in the end, never trained on",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
