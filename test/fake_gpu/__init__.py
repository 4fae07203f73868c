"""A GPU that is not there: a pycuda driver that enforces CUDA's rules, and a TensorRT that computes on its memory.

What is queued on a stream happens when the stream is waited for, not before; so a result that is read too early is
NaN, and a buffer that changes too early is noticed. A broken rule raises RuleBroken, which nobody may catch.
"""

from fake_gpu.driver import FakeDriver
from fake_gpu.rules import DriverError, DriverMemoryError, RuleBroken
from fake_gpu.tensorrt import fake_tensorrt

__all__ = ["DriverError", "DriverMemoryError", "FakeDriver", "RuleBroken", "fake_tensorrt"]
