"""Ctrl-C and SIGTERM while the node only begins."""

import subprocess
import sys
from typing import List

import pytest

pytest.importorskip("stf2m_msgs.msg", reason="the messages are not built; `make build` does it")

INTERRUPTED_IMPORT = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from stf2m_ros.node.early_end import ending_at_once
with ending_at_once():
    os.kill(os.getpid(), signal.SIGINT)
    raise ImportError("initialization failed")
"""
CTRL_C_AFTERWARDS = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests in the background ignores it
from stf2m_ros.node.early_end import ending_at_once
with ending_at_once():
    pass
try:
    os.kill(os.getpid(), signal.SIGINT)
    signal.pause()
except KeyboardInterrupt:
    print("as ever")
"""
TOLD_TO_END_WHILE_BEGINNING = """
import sys
import rclpy
from stf2m_ros.node import emotion_recognizer, emotion_recognizer_node

def begin():
    {told}
    raise RuntimeError("the context is not valid")

emotion_recognizer.EmotionRecognizer = begin
sys.exit(emotion_recognizer_node.main([]))
"""


def end_of(program: str) -> "subprocess.CompletedProcess[str]":
    command: List[str] = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_ctrl_c_while_a_library_loads_ends_the_process_with_code_0():
    ended = end_of(INTERRUPTED_IMPORT)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_afterwards_ctrl_c_is_an_exception_as_ever():
    assert end_of(CTRL_C_AFTERWARDS).stdout == "as ever\n"


def test_a_node_that_is_told_to_end_while_it_begins_ends_with_code_0():
    ended = end_of(TOLD_TO_END_WHILE_BEGINNING.format(told="rclpy.shutdown()"))
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)


def test_what_else_goes_wrong_at_the_beginning_is_not_hushed_up():
    ended = end_of(TOLD_TO_END_WHILE_BEGINNING.format(told="pass"))
    assert ended.returncode != 0
    assert "the context is not valid" in ended.stderr
