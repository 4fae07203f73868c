"""The demo as a user runs it: the real node and player, as colcon installed them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from stf2m_ros.cli.demo import DOMAINS, PROFILE_VARIABLES, main, set_up_middleware
from stf2m_ros.cli.demo_clip import camera_clip, generated_clip, own_clip
from stf2m_ros.cli.demo_processes import Process

FPS, LENGTH_S = 20, 2.5
DEADLINE_S = 90.0


@pytest.fixture(scope="module")
def empty_room(tmp_path_factory):
    """A video in which nobody is to be seen."""
    path = tmp_path_factory.mktemp("clip") / "empty_room.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), FPS, (160, 120))
    for step in range(int(FPS * LENGTH_S)):
        writer.write(np.full((120, 160, 3), 60 + step, np.uint8))
    writer.release()
    return path


def start_demo(folder, *arguments):
    """`python -m stf2m_ros.cli.demo` as a process of its own."""
    command = [sys.executable, "-u", "-m", "stf2m_ros.cli.demo", "--out", str(folder / "out"), *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


@pytest.mark.ros
def test_the_demo_prints_and_draws_and_says_that_nobody_was_there(tmp_path, empty_room, tiny_bundle_folder):
    demo = start_demo(tmp_path, "--video", empty_room, "--bundle", tiny_bundle_folder)
    said, _ = demo.communicate(timeout=DEADLINE_S)
    assert demo.returncode == 0, said
    assert "nobody seen" in said and "Nobody was seen in this clip" in said
    assert "for tests only" in said  # the caveat of the bundle
    segments = [json.loads(line) for line in (tmp_path / "out" / "segments.jsonl").read_text().splitlines()]
    assert [each["emotion"] for each in segments] == [None] * len(segments)
    assert len(segments) == pytest.approx(LENGTH_S / 0.5, abs=1)
    assert cv2.imread(str(tmp_path / "out" / "timeline.png")) is not None


@pytest.mark.ros
def test_ctrl_c_ends_the_demo_and_its_processes_without_a_traceback(tmp_path, empty_room, tiny_bundle_folder):
    demo = start_demo(tmp_path, "--video", empty_room, "--bundle", tiny_bundle_folder)
    for line in demo.stdout:
        if "is active" in line:
            break
    demo.send_signal(signal.SIGINT)
    said, _ = demo.communicate(timeout=DEADLINE_S)
    assert demo.returncode == 0, said
    assert "Traceback" not in said + (tmp_path / "out" / "node.log").read_text()
    assert not processes_that_name(tiny_bundle_folder)


@pytest.mark.ros
def test_a_bundle_that_is_not_there_is_named_in_the_end(tmp_path, empty_room):
    demo = start_demo(tmp_path, "--video", empty_room, "--bundle", tmp_path / "nowhere")
    started_s = time.monotonic()
    said, _ = demo.communicate(timeout=DEADLINE_S)
    assert demo.returncode == 1
    assert "nowhere" in said and "Traceback" not in said
    assert time.monotonic() - started_s < DEADLINE_S


def test_a_video_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main(["--video", str(tmp_path / "none.mp4"), "--out", str(tmp_path)]) == 1
    assert "none.mp4: expected a file, found none" in capsys.readouterr().err


def test_a_domain_that_is_set_is_a_robots_and_left_alone(monkeypatch, capsys):
    monkeypatch.setenv(PROFILE_VARIABLES[0], "a profile of the user's own")
    for process in range(2):
        monkeypatch.setenv("ROS_DOMAIN_ID", str(DOMAINS[process]))
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        set_up_middleware()
        assert int(os.environ["ROS_DOMAIN_ID"]) in DOMAINS
        assert os.environ["ROS_DOMAIN_ID"] != str(DOMAINS[process])
        assert os.environ["ROS_DOMAIN_ID"] in capsys.readouterr().out


def test_a_camera_and_a_video_at_once_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--video", "a.mp4", "--camera", "0"])
    assert "found both" in capsys.readouterr().err


def test_the_player_is_told_of_the_words(empty_room):
    assert own_clip(empty_room, None).play_arguments == (str(empty_room),)
    assert own_clip(empty_room, empty_room).play_arguments[1] == "--transcript"
    assert camera_clip(2).play_arguments == ("--camera", "2")


def test_the_words_of_a_clip_come_from_its_transcript(tmp_path, empty_room):
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:01,000 --> 00:00:02,000\nwell done\n", encoding="utf-8")
    assert [word.text for word in own_clip(empty_room, words).words()] == ["well", "done"]
    assert own_clip(empty_room, None).words() == ()


def test_the_generated_clip_is_made_once_and_its_truth_is_known(tmp_path):
    first = generated_clip(tmp_path, length_s=1.0)
    made = first.video.stat().st_mtime_ns
    again = generated_clip(tmp_path, length_s=1.0)
    assert again == first and again.video.stat().st_mtime_ns == made
    assert first.truth[-1].end_s == pytest.approx(1.0)
    assert first.transcript.is_file()


def processes_that_name(path):
    """Command lines of living processes in which this path stands."""
    lines = []
    for folder in (each for each in os.scandir("/proc") if each.name.isdigit() and int(each.name) != os.getpid()):
        try:
            with open(f"{folder.path}/cmdline", "rb") as file:
                lines.append(file.read().decode(errors="replace"))
        except OSError:
            continue
    return [line for line in lines if str(path) in line]


@pytest.mark.ros
def test_a_full_disk_is_the_demos_own_error_and_starts_nothing():
    with pytest.raises(OSError, match="No space left"):
        Process("play", ["clip.mp4"], Path("/dev/full"))
