"""What the runtime logs is heard in ROS."""

import logging

import pytest

from stf2m_ros.node.log_bridge import attach, detach, one_line


def test_records_of_every_severity_come_out_on_rosout(rig):
    handler = attach(rig.harness.get_logger())
    try:
        log = logging.getLogger("stf2m_ros.runtime.somewhere")
        for _ in range(2):  # rclpy refuses two severities from one line
            log.info("an info of the runtime")
            log.warning("a warning of the runtime")
            log.error("an error of %s", "the runtime")
        for text in ("an info of", "a warning of", "an error of the runtime"):
            rig.until(lambda text=text: rig.harness.said(text), text)
    finally:
        detach(handler)


def test_after_detaching_python_logs_as_ever(rig):
    detach(attach(rig.harness.get_logger()))
    assert logging.getLogger("stf2m_ros").propagate


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("expected 1,\n  found 2"), "expected 1, found 2"),
        (FileNotFoundError("no such file"), "no such file"),
        (KeyError("rules"), "KeyError: 'rules'"),
        (ValueError(), "ValueError: "),
    ],
)
def test_an_error_is_told_in_one_line(error, text):
    assert one_line(error) == text
