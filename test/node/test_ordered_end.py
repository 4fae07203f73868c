import signal
from typing import Iterator

import pytest

from stf2m_ros.node.built_messages import ADVICE

pytest.importorskip("stf2m_msgs.msg", reason=ADVICE)

from rclpy.executors import ExternalShutdownException

from stf2m_ros.node.ordered_end import ending_in_order


@pytest.fixture(autouse=True)
def _own_handler() -> Iterator[None]:
    former = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.mark.parametrize("asked", [KeyboardInterrupt(), ExternalShutdownException()])
def test_being_asked_to_end_is_no_error_and_a_second_ctrl_c_is_not_heard(ros: None, asked: BaseException) -> None:
    with ending_in_order():
        raise asked
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_what_goes_wrong_while_ros_runs_is_an_error(ros: None) -> None:
    with pytest.raises(ValueError, match="a broken file"), ending_in_order():
        raise ValueError("a broken file")
