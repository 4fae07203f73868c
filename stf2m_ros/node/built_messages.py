"""Whether the messages are built and loaded; what to do where they are not. Only the standard library at the top."""

ADVICE = (
    "the messages of stf2m_msgs are not on the path. Build and load them, in the folder of stf2m_ros: "
    "colcon build --base-paths . stf2m_msgs && source install/setup.bash"
)


def missing_messages() -> str:
    """What to tell the user, empty where all is well."""
    try:
        # A name, not the package alone: in our own folder Python takes the sources of stf2m_msgs for a package.
        from stf2m_msgs.msg import EmotionSequence  # noqa: F401
    except ImportError:
        return ADVICE
    return ""
