"""The process of the node: `ros2 run stf2m_ros emotion_recognizer`."""

# Only the standard library up here: what is slow or may be missing is imported where Ctrl-C and a clear line await it.
import ctypes
import signal
import sys
from typing import List, Optional

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
NO_MESSAGES = (
    "stf2m_ros: the messages of stf2m_msgs are not on the path ({error}). Build them and load the result: "
    "`colcon build --base-paths . stf2m_msgs && source install/setup.bash` in the folder of stf2m_ros"
)


def main(args: Optional[List[str]] = None) -> int:
    """Runs until Ctrl-C. Returns 0 then, and 1 where it cannot begin, after one line that says why."""
    keep_image_memory()
    try:
        import stf2m_msgs.msg  # noqa: F401
    except ImportError as error:
        print(NO_MESSAGES.format(error=error), file=sys.stderr)
        return 1
    try:
        return _run(args)
    except KeyboardInterrupt:
        return 0


def keep_image_memory() -> None:
    """Tells glibc to keep freed image buffers: mapping each anew cost a quarter of the processor at 1080p."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # another C library
    mallopt(_M_MMAP_THRESHOLD, 1 << 25)
    mallopt(_M_TRIM_THRESHOLD, 1 << 28)


def _run(args: Optional[List[str]]) -> int:
    import rclpy
    from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

    from stf2m_ros.node.emotion_recognizer import EmotionRecognizer

    rclpy.init(args=args)
    executor, node = SingleThreadedExecutor(), None
    try:
        node = EmotionRecognizer()
        executor.add_node(node)
        executor.spin()
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        print(f"emotion_recognizer: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C must not cut the tear-down
        executor.shutdown()
        if node is not None:
            node.close()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
