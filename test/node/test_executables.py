"""What colcon installed, as processes of their own: the node and the player, their signals and their exit codes."""

import itertools
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from ros_rig import BEGIN_S, DEADLINE_S, REPOSITORY, executable, face_image, write_video

RATE = "4"


class Process:
    """A child whose output goes to a file, so that waiting for a line of it is polling."""

    def __init__(self, path, command, env) -> None:
        self.path = path
        with open(path, "wb") as output:
            self.child = subprocess.Popen(
                command, env={**os.environ, "PYTHONUNBUFFERED": "1", **env}, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def output(self) -> str:
        return self.path.read_text(encoding="utf-8", errors="replace")

    def end(self, number: int) -> int:
        self.child.send_signal(number)
        return self.child.wait(DEADLINE_S)


@pytest.fixture()
def run(tmp_path):
    made = []

    def start(name, *arguments, **env):
        command = [sys.executable, executable(name), *arguments]
        made.append(Process(tmp_path / f"{name}_{len(made)}.log", command, env))
        return made[-1]

    yield start
    for process in made:
        if process.child.poll() is None:
            process.end(signal.SIGTERM)
        print(f"-- {process.path.stem}\n{process.output}")  # pytest shows it where a test fails


@pytest.fixture()
def run_node(run, tiny_bundle_folder):
    def start(**parameters):
        values = {"bundle": tiny_bundle_folder, "face_detector": "ready_crop", "autostart": "true", **parameters}
        given = [part for name, value in values.items() for part in ("-p", f"{name}:={value}")]
        return run("emotion_recognizer", "--ros-args", *given)

    return start


@pytest.fixture()
def clip(tmp_path):
    return write_video(tmp_path / "clip.mp4", frames=60)


@pytest.fixture()
def words(tmp_path):
    path = tmp_path / "words.srt"
    path.write_text("1\n00:00:00,500 --> 00:00:01,500\nI am glad to see you\n", encoding="utf-8")
    return path


def newest(rig):
    return rig.harness.sequences[-1] if rig.harness.sequences else None


def test_a_video_and_its_words_come_out_as_an_emotion_sequence(rig, run, run_node, clip, words):
    """Six seconds of video at four times their speed, node and player both on the player's clock."""
    node = run_node(use_sim_time="true")
    rig.until(lambda: rig.harness.count_publishers("emotion_sequence"), "somebody to listen to")
    player = run("play", str(clip), "--transcript", str(words), "--rate", RATE, "--wait", str(DEADLINE_S))
    rig.until(lambda: player.child.poll() is not None, "the end of the video", 2 * DEADLINE_S)
    assert player.child.returncode == 0, player.output
    assert "60 frames and 1 utterances published" in player.output
    rig.until(lambda: newest(rig) and newest(rig).runs, "runs")
    segments = newest(rig).segments
    assert sum(segment.word_count for segment in segments) >= 6
    assert sum(segment.face_coverage > 0.5 for segment in segments) >= 8
    assert node.end(signal.SIGINT) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_node_ends_with_code_0_and_without_a_traceback(rig, run_node, number):
    node = run_node()
    rig.until(lambda: "active: images from" in node.output, "the node to be active")
    assert node.end(number) == 0
    assert "Traceback" not in node.output


def test_a_node_ends_while_it_leaves_images_untaken(rig, run_node):
    node = run_node()
    stamps_s = (BEGIN_S + number / 30 for number in itertools.count())
    camera = rig.harness.create_timer(1 / 30, lambda: rig.harness.images.publish(face_image(next(stamps_s))))
    rig.until(lambda: any(_takes_one_per_slot(each) for each in rig.harness.diagnostics), "images to be left untaken")
    assert node.end(signal.SIGINT) == 0
    assert "Traceback" not in node.output
    rig.harness.destroy_timer(camera)


def _takes_one_per_slot(message):
    return any((each.key, each.value) == ("images taken", "one per slot") for each in message.status[0].values)


def test_a_player_ends_with_code_0_and_without_a_traceback(rig, run, clip):
    player = run("play", str(clip), "--loop", "--wait", "0.1")
    rig.until(lambda: "first image" in player.output or "playing" in player.output, "the player to play")
    assert player.end(signal.SIGINT) == 0
    assert "Traceback" not in player.output


def test_a_killed_node_that_is_started_again_publishes_again(rig, run_node):
    first = run_node()
    rig.until(lambda: newest(rig), "a sequence")
    first.end(signal.SIGKILL)
    rig.harness.sequences.clear()
    started_s = time.monotonic()
    run_node()
    rig.until(lambda: newest(rig), "a sequence after the restart")
    assert time.monotonic() - started_s < DEADLINE_S


@pytest.mark.parametrize(("name", "arguments"), [("emotion_recognizer", []), ("play", ["clip.mp4"])])
def test_where_the_messages_are_not_built_one_line_names_the_command(rig, run, name, arguments):
    hidden = os.pathsep.join(
        path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if not _holds_messages(path)
    )
    node = run(name, *arguments, PYTHONPATH=os.pathsep.join([str(REPOSITORY), hidden]))
    rig.until(lambda: node.child.poll() is not None, "the end of the node")
    assert node.child.returncode == 1
    (line,) = node.output.splitlines()
    assert "colcon build --base-paths . stf2m_msgs" in line


@pytest.mark.parametrize(
    ("name", "arguments", "lacks"), [("emotion_recognizer", [], "onnxruntime"), ("play", ["clip.mp4"], "cv2")]
)
def test_a_package_that_is_not_installed_is_told_in_one_line(rig, run, tmp_path, name, arguments, lacks):
    (tmp_path / f"{lacks}.py").write_text(f"raise ModuleNotFoundError({lacks!r} + ' is not there', name={lacks!r})")
    node = run(name, *arguments, PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    rig.until(lambda: node.child.poll() is not None, "the end of the node")
    assert node.child.returncode == 1
    (line,) = node.output.splitlines()
    assert line.startswith(f"{name}: {lacks} is not there")


def test_a_parameter_of_a_wrong_type_ends_the_node_in_one_line(rig, run_node):
    node = run_node(threads="two")
    rig.until(lambda: node.child.poll() is not None, "the end of the node")
    assert node.child.returncode == 1
    assert "threads" in node.output
    assert "Traceback" not in node.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.mp4"], "nowhere.mp4: expected a video file, found none"),
        ([__file__], "expected a video that OpenCV reads"),
        (["--camera", "63"], "expected a camera of number 63"),
        (["nowhere.mp4", "--ros-args", "--params-file", "not_here.yaml"], "found: Failed to parse ROS arguments"),
        (["nowhere.mp4", "--ros-args", "-p"], "expected ROS to start with the arguments behind --ros-args, found: "),
    ],
)
def test_a_player_without_anything_to_play_says_so_in_one_line(rig, run, arguments, told):
    player = run("play", *arguments)
    rig.until(lambda: player.child.poll() is not None, "the end of the player")
    assert player.child.returncode == 1
    (line,) = player.output.splitlines()
    assert re.match("play: ", line)
    assert told in line


def test_a_player_that_ros_cannot_start_says_so_in_one_line(rig, run, clip):
    player = run("play", str(clip), "--ros-args", "-p", "use_sim_time:=perhaps")
    rig.until(lambda: player.child.poll() is not None, "the end of the player")
    assert player.child.returncode == 1
    assert "Traceback" not in player.output
    assert "expected ROS to start" in player.output.splitlines()[-1]


def _holds_messages(path: str) -> bool:
    return bool(path) and os.path.isdir(os.path.join(path, "stf2m_msgs"))
