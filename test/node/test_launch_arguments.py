"""Launch files, as far as they can be checked without the launch system, which is not to be had from PyPI."""

import ast
import re
from dataclasses import fields

import pytest
import rclpy
import ros_rig

from stf2m_ros.cli.build_engine import parser as builder_parser
from stf2m_ros.cli.play import parser
from stf2m_ros.node.launch_arguments import (
    HEARS_THE_PLAYER,
    builder_command_line,
    node_parameters,
    params_file_content,
    player_arguments,
    player_command_line,
    recognizer_arguments,
    remappings,
)
from stf2m_ros.node.parameters import NODE_NAME, RecognizerParameters
from stf2m_ros.node.player import Player

LAUNCH_FILES = sorted((ros_rig.REPOSITORY / "launch").glob("*.launch.py"))
DEFAULTS = {each.name: each.default for each in [*recognizer_arguments(), *player_arguments()]}


def test_left_alone_the_launch_files_set_no_parameter_but_autostart():
    assert node_parameters(DEFAULTS) == {"autostart": True}
    assert remappings(DEFAULTS) == []


def test_every_parameter_is_an_argument_and_each_is_described():
    arguments = {each.name: each for each in recognizer_arguments()}
    assert {each.name for each in fields(RecognizerParameters)} <= arguments.keys()
    assert all(each.description.endswith(".") for each in arguments.values())
    assert len(arguments) == len(recognizer_arguments())


def test_values_come_in_the_types_that_the_node_declares():
    given = {**DEFAULTS, "threads": "2", "transcript_latency_s": "1", "bundle": "7", "autostart": "false"}
    assert node_parameters(given) == {"threads": 2, "transcript_latency_s": 1.0, "bundle": "7", "autostart": False}
    RecognizerParameters(**node_parameters(given))


@pytest.mark.parametrize(
    ("given", "said"), [("", {}), ("true", {"use_sim_time": True}), ("false", {"use_sim_time": False})]
)
def test_whose_clock_counts_is_left_to_the_params_file_unless_it_is_given(given, said):
    assert node_parameters({"use_sim_time": given}) == said


def test_a_value_of_another_type_says_expected_and_found():
    for found in ("two", "[", "2.5"):
        with pytest.raises(ValueError, match=f"threads: expected int, found '{re.escape(found)}'"):
            node_parameters({"threads": found})


@pytest.mark.parametrize(("given", "told"), [({"threads": "0"}, "threads: expected 1 to 64, found 0"),
                                             ({"precision": "fp8"}, "precision: expected one of")])  # fmt: skip
def test_what_the_node_would_refuse_is_refused_before_it_is_started_again_and_again(given, told):
    with pytest.raises(ValueError, match=told):
        node_parameters(given)


@pytest.mark.parametrize(("content", "told"), [
    (None, "params_file: expected a YAML file, found .*nothere.yaml"),
    (b"\xff\xfe", "params_file: expected a YAML file, found"),
    (b"{", "params_file: expected YAML"),
    (b"/**:\n  ros__parameters: {threads: two}", "threads: expected int, found 'two'"),
    (b"/**:\n  ros__parameters: {threads: 0}", "threads: expected 1 to 64, found 0"),
    (b"/**:\n  ros__parameters: {use_sim_time: 'true'}", "expected use_sim_time to be true or false, found 'true'"),
    (b"emotion_recognizer:\n  threads: 2", "params_file: expected what ROS reads, found .* before ros__parameters"),
    (b"/camera:\n  ros__parameters: {exposure: }", "params_file: expected what ROS reads, found .*No value at line 2"),
])  # fmt: skip
def test_so_is_a_params_file(tmp_path, content, told):
    path = tmp_path / "nothere.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=told):
        params_file_content(str(path))


def test_a_params_file_for_more_than_our_node_is_taken(tmp_path):
    path = tmp_path / "robot.yaml"
    path.write_text("/**:\n  ros__parameters: {threads: 2, volume: loud}\n")
    assert params_file_content(str(path)) == path.read_text()
    assert params_file_content("") == ""


OTHERS = "detector:\n  ros__parameters: {bundle: /models/other, precision: best, threads: 0}\n"


def test_what_a_params_file_sets_of_other_nodes_is_none_of_ours(tmp_path):
    path = tmp_path / "robot.yaml"
    path.write_text(OTHERS)
    assert params_file_content(str(path)) == OTHERS
    assert builder_command_line(DEFAULTS, OTHERS) == builder_command_line(DEFAULTS)


@pytest.mark.parametrize(("named", "namespace", "ours"), [
    ("emotion_recognizer: {PARAMETERS}", "", True),
    ("emotion_recognizer: {PARAMETERS}", "bed_1", False),
    ("/emotion_recognizer: {PARAMETERS}", "/", True),
    ("/bed_1/emotion_recognizer: {PARAMETERS}", "bed_1", True),
    ("/bed_1/emotion_recognizer: {PARAMETERS}", "/bed_1", True),
    ("/bed_2/emotion_recognizer: {PARAMETERS}", "/bed_1", False),
    ("bed_1: {emotion_recognizer: {PARAMETERS}}", "/bed_1", True),
    ("ward: {bed_1: {emotion_recognizer: {PARAMETERS}}}", "/ward/bed_1", True),
    ("/**: {emotion_recognizer: {PARAMETERS}}", "/ward/bed_1", True),
    ("/**: {PARAMETERS}", "/bed_1", True),
    ("/**/emotion_recognizer: {PARAMETERS}", "", True),
    ("/*/emotion_recognizer: {PARAMETERS}", "", False),
    ("/*/emotion_recognizer: {PARAMETERS}", "/bed_1", True),
    ("/*: {PARAMETERS}", "", True),
    ("/*: {PARAMETERS}", "/bed_1", False),
])  # fmt: skip
def test_a_params_file_is_read_as_ros_reads_it(ros, tmp_path, named, namespace, ours):
    path = tmp_path / "robot.yaml"
    path.write_text(named.replace("PARAMETERS", "ros__parameters: {precision: fp32}"))
    given = {**DEFAULTS, "namespace": namespace}
    assert ("fp32" in builder_command_line(given, path.read_text())) == ours
    context = rclpy.Context()
    rclpy.init(context=context, args=["--ros-args", "--params-file", str(path)])
    try:
        node = rclpy.create_node(NODE_NAME, namespace=namespace, context=context)
        assert (node.declare_parameter("precision", "fp16").value == "fp32") == ours
        node.destroy_node()
    finally:
        context.shutdown()


def test_topics_are_remapped_where_they_are_named():
    given = {"image_topic": "/camera/image_raw", "transcript_topic": ""}
    assert remappings(given) == [("image", "/camera/image_raw")]


@pytest.mark.parametrize("name", ["/usb-cam/image_raw", "/camera/", "a//b", "two words", "/1st"])
@pytest.mark.parametrize("argument", ["image_topic", "transcript_topic"])
def test_what_is_no_name_of_a_topic_is_refused_before_the_node_is_started_again_and_again(argument, name):
    with pytest.raises(ValueError, match=f"{argument}: expected the name of a topic, found '{name}': .*must not"):
        remappings({argument: name})


@pytest.mark.parametrize("name", ["camera/image_raw", "/camera/image_raw", "~/image", "image"])
def test_every_name_of_a_topic_is_taken(name):
    assert remappings({"image_topic": name}) == [("image", name)]


def test_what_the_builder_is_started_with_is_what_it_takes_and_what_the_node_would_build():
    asked = builder_parser().parse_args(builder_command_line(DEFAULTS))
    node = RecognizerParameters()
    assert (asked.bundle, asked.precision, asked.memory) == (node.bundle, node.precision, node.gpu_memory)


def test_the_builder_takes_what_the_params_file_says_unless_an_argument_says_otherwise():
    file = "/**/emotion_recognizer:\n  ros__parameters: {bundle: /models/mine, precision: fp32, threads: 2}\n"
    command = builder_command_line({**DEFAULTS, "precision": "fp16"}, file)
    assert command[:4] == ["--bundle", "/models/mine", "--precision", "fp16"]


def test_a_core_of_the_dla_is_passed_on_and_its_absence_is_not():
    asked = builder_parser().parse_args(builder_command_line({**DEFAULTS, "dla": "1", "precision": "int8"}))
    assert (asked.dla, asked.precision) == (1, "int8")
    assert "--dla" not in builder_command_line(DEFAULTS)


@pytest.mark.parametrize("file", ["", "just words", "/**: 3", "/**:\n  ros__parameters: 3"])
def test_a_params_file_that_sets_nothing_leaves_the_defaults(file):
    assert builder_command_line(DEFAULTS, file) == builder_command_line(DEFAULTS)


def test_a_params_file_that_is_no_yaml_is_said():
    with pytest.raises(ValueError, match="params_file: expected YAML"):
        builder_command_line(DEFAULTS, "{")


def test_what_the_player_is_started_with_is_what_it_takes():
    given = {**DEFAULTS, "video": "clip.mp4", "transcript": "words.srt", "rate": "2.0", "loop": "true"}
    asked = parser().parse_args(player_command_line(given))
    assert (asked.video, asked.transcript, asked.rate, asked.clock, asked.loop) == (
        "clip.mp4",
        "words.srt",
        2,
        True,
        True,
    )


def test_the_player_finds_what_lies_in_the_users_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/nurse")
    video, _, transcript, *_ = player_command_line({**DEFAULTS, "video": "~/clip.mp4", "transcript": "~/words.srt"})
    assert (video, transcript) == ("/home/nurse/clip.mp4", "/home/nurse/words.srt")


def test_a_replay_hears_the_player_with_the_parameters_of_a_robot_too(rig, recognizer_node):
    player = Player()
    robot = {"image_transport": "compressed", "transcript_type": "string"}
    node = recognizer_node(**{**robot, **node_parameters(HEARS_THE_PLAYER)}, autostart=True)
    for topic in ("/image", "/transcript"):
        rig.until(lambda topic=topic: node.count_subscribers(topic), f"a node that listens to {topic}")
        (heard,) = {each.topic_type for each in node.get_subscriptions_info_by_topic(topic)}
        sent = {each.node_name: each.topic_type for each in player.get_publishers_info_by_topic(topic)}
        assert sent["play"] == heard
    player.destroy_node()


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_launch_files_compile_and_import_from_us_what_is_there(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    compile(tree, str(path), "exec")
    assert "generate_launch_description" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("stf2m_ros"):
            module = __import__(node.module, fromlist=["_"])
            assert all(hasattr(module, each.name) for each in node.names)


def test_the_launch_files_start_executables_that_setup_installs():
    installed = (ros_rig.REPOSITORY / "setup.py").read_text(encoding="utf-8")
    for path in LAUNCH_FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "executable":
                assert f"{node.value.value} = " in installed
