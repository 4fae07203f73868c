"""Starts the emotion recogniser, configured and active; `-s` behind the command lists the arguments.

With `build_only:=true` it builds the TensorRT engines instead, and ends; it fails where none could be built.
"""

import os
from os.path import expanduser  # no shell does it behind :=
from pathlib import Path
from typing import Dict

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction, SetEnvironmentVariable
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.substitutions import ExecutableInPackage

from stf2m_ros.node.launch_arguments import (
    LaunchArgument,
    builder_command_line,
    node_parameters,
    params_file_content,
    recognizer_arguments,
    remappings,
)

PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")


def generate_launch_description() -> LaunchDescription:
    arguments = [_declared(argument) for argument in recognizer_arguments()]
    return LaunchDescription([*arguments, *_shared_memory_for_images(), OpaqueFunction(function=_started)])


def _declared(argument: LaunchArgument) -> DeclareLaunchArgument:
    return DeclareLaunchArgument(
        argument.name,
        default_value=argument.default,
        description=argument.description,
        choices=list(argument.choices) or None,
    )


def _shared_memory_for_images() -> list:
    """Without it Fast DDS loses most images above half a megabyte. A profile of the user's own is left alone."""
    if any(os.environ.get(name) for name in PROFILE_VARIABLES):
        return []
    profile = Path(get_package_share_directory("stf2m_ros")) / "config" / "fastdds_shared_memory.xml"
    return [SetEnvironmentVariable(name, str(profile)) for name in PROFILE_VARIABLES]


def _started(context: LaunchContext) -> list:
    given = {each.name: LaunchConfiguration(each.name).perform(context) for each in recognizer_arguments()}
    given["params_file"] = expanduser(given["params_file"])
    # As launch_ros makes it, below the namespaces of the launch files that include this one.
    if not given["namespace"].startswith("/"):
        above = context.launch_configurations.get("ros_namespace", "").rstrip("/")
        given["namespace"] = f"{above}/{given['namespace']}"
    file = params_file_content(given["params_file"], given["namespace"])
    return _builder(given, file) if given["build_only"] == "true" else _recognizer(given, file)


def _builder(given: Dict[str, str], params_file: str) -> list:
    """Not a Node, because build_engine is none and takes no arguments of ROS."""
    executable = ExecutableInPackage(package="stf2m_ros", executable="build_engine")
    command = [executable, *builder_command_line(given, params_file)]
    return [ExecuteProcess(cmd=command, output="screen", emulate_tty=True, on_exit=_must_have_built)]


def _must_have_built(event: ProcessExited, context: LaunchContext) -> None:
    """An error here is what makes `ros2 launch` end with code 1."""
    if event.returncode:
        raise RuntimeError(f"build_engine ended with code {event.returncode}")


def _recognizer(given: Dict[str, str], params_file: str) -> list:
    files = [given["params_file"]] if params_file else []
    return [
        Node(
            package="stf2m_ros",
            executable="emotion_recognizer",
            name="emotion_recognizer",
            namespace=given["namespace"],
            parameters=[*files, node_parameters(given)],
            remappings=remappings(given),
            ros_arguments=["--log-level", given["log_level"]],
            respawn=given["respawn"] == "true",
            respawn_delay=0.5,
            output="screen",
            emulate_tty=True,
        )
    ]
