"""The arguments of the launch files as plain data, so that they are checked without the launch system.

A launch argument that is left empty is not passed on: the default of a parameter stands in the parameters alone.
"""

import re
from dataclasses import Field, dataclass, fields
from os.path import expanduser  # no shell does it behind :=
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Tuple

import yaml
from rclpy.context import Context
from rclpy.exceptions import InvalidTopicNameException
from rclpy.expand_topic_name import expand_topic_name
from rclpy.validate_full_topic_name import validate_full_topic_name
from rclpy.validate_topic_name import validate_topic_name

from stf2m_ros.node.parameters import NODE_NAME, RecognizerParameters, check_values
from stf2m_ros.runtime.tensorrt_api import NO_DLA

BOOLEANS = ("true", "false")
_BUILT_FROM = ("bundle", "precision", "dla", "gpu_memory")
_PARAMETERS = "ros__parameters"
_SWITCHES_OF_EVERY_NODE = ("use_sim_time", "start_type_description_service")
_WILDCARDS = {"*": "/[^/]+", "**": "(/[^/]+)*"}
HEARS_THE_PLAYER = {"use_sim_time": "true", "image_transport": "raw", "transcript_type": "utterance"}
"""Arguments of a recogniser to which `play` brings clock, images and words, whatever a robot's params_file says."""
LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")


@dataclass(frozen=True)
class LaunchArgument:
    """What DeclareLaunchArgument takes; no choices where anything may be given."""

    name: str
    default: str
    description: str
    choices: Tuple[str, ...] = ()


def recognizer_arguments() -> List[LaunchArgument]:
    """Arguments of medical_robot.launch.py: where the node stands in the robot, then its own parameters."""
    return [
        LaunchArgument("image_topic", "", "Topic of the camera's images; empty for `image` in the namespace."),
        LaunchArgument("transcript_topic", "", "Topic of the transcript; empty for `transcript` in the namespace."),
        LaunchArgument("namespace", "", "Namespace of the node and of its relative topics."),
        LaunchArgument("params_file", "", "YAML file of node parameters; arguments given here go before it."),
        LaunchArgument(
            "use_sim_time", "", "Take the time from /clock. Empty for the node's default, false.", ("", *BOOLEANS)
        ),
        LaunchArgument("log_level", "info", "What the node logs.", LOG_LEVELS),
        LaunchArgument("respawn", "true", "Start the node again when it dies.", BOOLEANS),
        LaunchArgument("autostart", "true", "Configure and activate the node, also after a respawn.", BOOLEANS),
        LaunchArgument("build_only", "false", "Build the TensorRT engines and end, with no node.", BOOLEANS),
        *(_parameter_argument(each) for each in fields(RecognizerParameters) if each.name != "autostart"),
    ]


def player_arguments() -> List[LaunchArgument]:
    """What replay.launch.py takes besides the arguments of medical_robot.launch.py."""
    return [
        LaunchArgument("video", "", "Video file to play. Required."),
        LaunchArgument("transcript", "", "Its words: a .srt, .vtt or .jsonl file; empty for none."),
        LaunchArgument("rate", "1.0", "How many times faster than real time to play."),
        LaunchArgument("loop", "false", "Begin again at the end.", BOOLEANS),
    ]


def node_parameters(given: Mapping[str, str]) -> Dict[str, Any]:
    """The parameters that launch arguments set, in the types the node declares.

    Raises ValueError for what the node would refuse: it would be started again and again.
    """
    values = {
        each.name: _typed(each, given[each.name]) for each in fields(RecognizerParameters) if given.get(each.name, "")
    }
    check_values(values)
    clock = given.get("use_sim_time", "")
    return {**values, "use_sim_time": clock == "true"} if clock else values


def params_file_content(path: str, namespace: str = "") -> str:
    """Of the file of that argument, empty where none is named. Raises ValueError for what the node would refuse.

    namespace: the node's.
    """
    if not path:
        return ""
    try:
        content = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"params_file: expected a YAML file, found {' '.join(str(error).split())}") from error
    values = _parameters_of(content, namespace)
    check_values(values)
    for name in _SWITCHES_OF_EVERY_NODE:
        if not isinstance(values.get(name, True), bool):
            raise ValueError(f"params_file: expected {name} to be true or false, found {values[name]!r}")
    _check_that_ros_reads(path)
    return content


def remappings(given: Mapping[str, str]) -> List[Tuple[str, str]]:
    """The node's topics that have other names on this robot. Raises ValueError for what is no name."""
    named = [(topic, given.get(f"{topic}_topic", "")) for topic in ("image", "transcript")]
    for topic, name in named:
        if name:
            _check_topic(f"{topic}_topic", name)
    return [(topic, name) for topic, name in named if name]


def builder_command_line(given: Mapping[str, str], params_file: str = "") -> List[str]:
    """The arguments of `build_engine` for the engines that the node would build.

    params_file: the content of the file of that argument. Raises ValueError.
    """
    values = {**_parameters_of(params_file, given.get("namespace", "")), **node_parameters(given)}
    chosen = RecognizerParameters(**{name: values[name] for name in _BUILT_FROM if name in values})
    dla = ["--dla", str(chosen.dla)] if chosen.dla != NO_DLA else []
    return ["--bundle", chosen.bundle, "--precision", chosen.precision, *dla, "--memory", chosen.gpu_memory]


def player_command_line(given: Mapping[str, str]) -> List[str]:
    """The arguments of `play`. It brings the clock, so that the node's time is the video's at any rate."""
    words = ["--transcript", expanduser(given["transcript"])] if given["transcript"] else []
    loop = ["--loop"] if given["loop"] == "true" else []
    return [expanduser(given["video"]), *words, "--rate", given["rate"], "--clock", *loop]


def _check_that_ros_reads(path: str) -> None:
    """ROS takes less than all YAML, and nothing of a file in which it finds a value that it does not take."""
    context = Context()
    try:
        context.init(["--ros-args", "--params-file", path], initialize_logging=False)
    except RuntimeError as error:  # rclpy's RCLError is one
        raise ValueError(f"params_file: expected what ROS reads, found {' '.join(str(error).split())}") from error
    context.try_shutdown()


def _check_topic(argument: str, name: str) -> None:
    try:
        validate_topic_name(name)
        validate_full_topic_name(expand_topic_name(name, NODE_NAME, "/"))  # sees what the former does not: a//b
    except InvalidTopicNameException as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{argument}: expected the name of a topic, found {name!r}: {reason}") from error


def _parameter_argument(each: Field) -> LaunchArgument:
    description = each.metadata["description"]
    if each.default != "":
        description += f" Empty for the node's default, {each.default!r}."
    choices = each.metadata["choices"]
    return LaunchArgument(each.name, "", description, ("", *choices) if choices else ())


def _parameters_of(params_file: str, namespace: str) -> Dict[str, Any]:
    """What a file of parameters, which may be the whole robot's, sets for the node of that namespace."""
    try:
        content = yaml.safe_load(params_file)
    except yaml.YAMLError as error:
        raise ValueError(f"params_file: expected YAML, found {' '.join(str(error).split())}") from error
    node = "".join(f"/{token}" for token in [*namespace.split("/"), NODE_NAME] if token)
    given = [values for named, values in _named_in(content) if re.fullmatch(_pattern_of(named), node)]
    return {name: value for one in given for name, value in one.items()}


def _named_in(content: Any, outer: str = "") -> Iterator[Tuple[str, Mapping[str, Any]]]:
    """Each name of nodes in a file of parameters, namespaces may be nested, and what it sets for them."""
    for key, value in content.items() if isinstance(content, dict) else ():
        if key == _PARAMETERS and isinstance(value, dict):
            yield outer, value
        elif key != _PARAMETERS:
            yield from _named_in(value, f"{outer}/{key}")


def _pattern_of(named: str) -> str:
    """The fully qualified names that a name in a file of parameters means. Source: rcl_yaml_param_parser."""
    tokens = (token for token in named.split("/") if token)
    return "".join(_WILDCARDS.get(token) or f"/{re.escape(token)}" for token in tokens)


def _typed(each: Field, text: str) -> Any:
    wanted = type(each.default)
    if wanted is str:
        return text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = None
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not wanted:
        raise ValueError(f"{each.name}: expected {wanted.__name__}, found {text!r}")
    return value
