"""What the runtime logs is heard in ROS."""

import logging

import pytest

from stf2m_ros.node.log_bridge import RosLogHandler, attach, detach, one_line


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


class RecordingLogger:
    def __init__(self):
        self.warnings = []

    def warning(self, text):
        self.warnings.append(text)


def test_a_throttled_record_is_passed_on_now_and_then_with_the_number_of_those_that_were_not():
    logger, now_s = RecordingLogger(), [0.0]
    handler = RosLogHandler(logger, clock=lambda: now_s[0])
    log = logging.Logger("throttled")
    log.addHandler(handler)
    for now_s[0] in (0.0, 1.0, 9.0, 10.0, 25.0):
        log.warning("bad image at %.0f s", now_s[0], extra={"throttle_s": 10.0})
        log.warning("another line")
    throttled = [text for text in logger.warnings if text.startswith("bad")]
    assert throttled == [
        "bad image at 0 s",
        "bad image at 10 s (and 2 times since this was last said)",
        "bad image at 25 s",
    ]
    assert logger.warnings.count("another line") == 5


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
