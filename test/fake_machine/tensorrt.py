"""The fake TensorRT, on the fake driver, in the place of this module."""

import sys
from importlib import import_module

from fake_gpu import fake_tensorrt

sys.modules[__name__] = fake_tensorrt(import_module("pycuda.driver"), dla_cores=2)  # type: ignore[assignment]
