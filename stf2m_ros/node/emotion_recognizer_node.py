"""The process of the node: `ros2 run stf2m_ros emotion_recognizer`."""

# Only the standard library up here: what is slow or may be missing is imported where Ctrl-C and a clear line await it.
import ctypes
import sys
from typing import List, Optional

from stf2m_ros.node.built_messages import missing_messages
from stf2m_ros.node.early_end import ending_at_once
from stf2m_ros.node.image_limits import limit_opencv

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def main(args: Optional[List[str]] = None) -> int:
    """Runs until Ctrl-C. Returns 0 then, and 1 where it cannot begin, after one line that says why."""
    keep_image_memory()
    limit_opencv()
    try:
        with ending_at_once():
            missing = missing_messages()
        return _say(missing) if missing else _run(args)
    except KeyboardInterrupt:
        return 0
    except ImportError as error:  # pip refuses to touch many a system's Python, and rosdep then leaves ONNX Runtime out
        return _say(f"{error}; what a robot needs is in the README, On a machine with ROS 2")


def keep_image_memory() -> None:
    """Tells glibc to keep freed image buffers: mapping each anew cost a quarter of the processor at 1080p."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # another C library
    mallopt(_M_MMAP_THRESHOLD, 1 << 25)
    mallopt(_M_TRIM_THRESHOLD, 1 << 28)


def _run(args: Optional[List[str]]) -> int:
    with ending_at_once():
        import rclpy
        from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException

        from stf2m_ros.node.emotion_recognizer import EmotionRecognizer
        from stf2m_ros.node.images_first import ImagesFirst
        from stf2m_ros.node.ordered_end import ending_in_order

    try:
        rclpy.init(args=args)
    except RuntimeError as error:  # arguments or a parameter file that ROS cannot read
        return _say(error)
    executor, node = ImagesFirst(), None
    try:
        with ending_in_order():
            node = EmotionRecognizer()
            executor.add_node(node)
            executor.spin()
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        return _say(error)
    finally:
        executor.shutdown()
        if node is not None:
            node.close()
        rclpy.try_shutdown()
    return 0


def _say(error: object) -> int:
    print(f"emotion_recognizer: {' '.join(str(error).split())}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
