"""Plays a video file to the emotion recogniser: `ros2 launch stf2m_ros replay.launch.py video:=clip.mp4`."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction, Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from stf2m_ros.node.launch_arguments import (
    HEARS_THE_PLAYER,
    player_arguments,
    player_command_line,
    recognizer_arguments,
    remappings,
)

ROBOT = Path("launch") / "medical_robot.launch.py"


def generate_launch_description() -> LaunchDescription:
    robot = Path(get_package_share_directory("stf2m_ros")) / ROBOT
    arguments = [
        DeclareLaunchArgument(
            each.name,
            description=each.description,
            choices=list(each.choices) or None,
            **({"default_value": each.default} if each.name != "video" else {}),
        )
        for each in player_arguments()
    ]
    # The node follows the video's clock, at whatever rate it is played, and takes what the player sends.
    recognizer = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(robot)), launch_arguments=HEARS_THE_PLAYER.items()
    )
    return LaunchDescription([*arguments, recognizer, OpaqueFunction(function=_player)])


def _player(context: LaunchContext) -> list:
    names = [each.name for each in [*recognizer_arguments(), *player_arguments()]]
    given = {name: LaunchConfiguration(name).perform(context) for name in names}
    return [
        Node(
            package="stf2m_ros",
            executable="play",
            name="play",
            namespace=given["namespace"],
            arguments=player_command_line(given),
            remappings=remappings(given),
            output="screen",
            emulate_tty=True,
            on_exit=Shutdown(reason="the video is over"),
        )
    ]
