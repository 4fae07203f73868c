"""The ending of a process that runs ROS: asked to end, it leaves no traceback, and nobody cuts its tear-down."""

import signal
from contextlib import contextmanager
from typing import Iterator

import rclpy
from rclpy.executors import ExternalShutdownException


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Within, being asked to end is no error. What is torn down behind it is safe from an impatient second Ctrl-C."""
    try:
        yield
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        if rclpy.ok():  # else it was asked to end in the middle of something
            raise
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
