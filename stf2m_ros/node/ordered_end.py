"""The ending of a process that runs ROS: asked to end, it leaves no traceback, and nobody cuts its tear-down.

A thread of rclpy's own wakes, after a signal, whatever executor is there: also one that is being freed, which ended the
process by a segmentation fault now and then on a busy machine.
"""

import signal
from contextlib import contextmanager
from typing import Iterator

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.signals import uninstall_signal_handlers


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Within, being asked to end is no error. What is torn down behind it is safe from being asked once more."""
    try:
        yield
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        if rclpy.ok():  # else it was asked to end in the middle of something
            raise
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        uninstall_signal_handlers()  # awaits that thread's end
