"""A copy of a bundle with both int8 encoders, for measurements: `python bench/int8_bundle.py --bundle IN --out OUT`.

One that holds them already is only copied. Where they cannot be made the copy stands all the same, and the code is 1.
"""

import argparse
import shutil
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
from stf2m_ros.runtime.bundle import FRAME_ENCODER_TENSORRT_INT8_FILE, load_bundle  # noqa: E402

_CLIPS = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    shutil.copytree(options.bundle, options.out)
    if FRAME_ENCODER_TENSORRT_INT8_FILE in load_bundle(options.out).card.files:
        print("the bundle holds int8 encoders already")
        return 0
    from stf2m_ros.export.quantise import main as quantise  # needs onnx, which the rest does not

    return quantise(["--bundle", str(options.out), "--clips", str(_CLIPS)])


if __name__ == "__main__":
    sys.exit(main())
