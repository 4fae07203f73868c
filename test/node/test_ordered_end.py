import signal
import subprocess
import sys
from typing import Iterator

import pytest

from stf2m_ros.node.built_messages import ADVICE

pytest.importorskip("stf2m_msgs.msg", reason=ADVICE)

from rclpy.executors import ExternalShutdownException

from stf2m_ros.node.ordered_end import ending_in_order

ENDING = (signal.SIGINT, signal.SIGTERM)

# Of the thread from which rclpy wakes executors after a signal: it might wake one that is being freed.
THREADS_WITHIN_AND_AFTER = """
import os, signal, time
import rclpy
from stf2m_ros.node.ordered_end import ending_in_order

rclpy.init()
with ending_in_order():
    print(len(os.listdir("/proc/self/task")))
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
print(len(os.listdir("/proc/self/task")))
"""


@pytest.fixture(autouse=True)
def _own_handlers() -> Iterator[None]:
    former = {number: signal.getsignal(number) for number in ENDING}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("asked", [KeyboardInterrupt(), ExternalShutdownException()])
def test_being_asked_to_end_is_no_error_and_nobody_is_heard_who_asks_again(ros: None, asked: BaseException) -> None:
    with ending_in_order():
        raise asked
    assert [signal.getsignal(number) for number in ENDING] == [signal.SIG_IGN, signal.SIG_IGN]


def test_what_goes_wrong_while_ros_runs_is_an_error(ros: None) -> None:
    with pytest.raises(ValueError, match="a broken file"), ending_in_order():
        raise ValueError("a broken file")


def test_rclpy_s_own_thread_has_ended_before_anything_is_freed() -> None:
    ended = subprocess.run([sys.executable, "-c", THREADS_WITHIN_AND_AFTER], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    within, after = map(int, ended.stdout.split())
    assert after < within
