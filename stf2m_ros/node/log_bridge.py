"""What the runtime says through `logging` appears in the node's own log."""

import logging
import time
from typing import Callable, Dict, Tuple

from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.logging import LoggingSeverity

PACKAGE = "stf2m_ros"


class RosLogHandler(logging.Handler):
    """Passes records on. rclpy remembers one severity per calling line, hence a line for each.

    A record with `extra={"throttle_s": ...}` is passed on once in so many seconds, from each line of code.
    """

    def __init__(self, logger: RcutilsLogger, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._logger, self._clock = logger, clock
        self._last_s: Dict[Tuple[str, int], float] = {}
        self._swallowed: Dict[Tuple[str, int], int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        place = record.pathname, record.lineno
        if self._is_too_soon(place, getattr(record, "throttle_s", 0.0)):
            self._swallowed[place] = self._swallowed.get(place, 0) + 1
            return
        swallowed = self._swallowed.pop(place, 0)
        text = self.format(record) + (f" (and {swallowed} times since this was last said)" if swallowed else "")
        if record.levelno >= logging.ERROR:
            self._logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(text)
        elif record.levelno >= logging.INFO:
            self._logger.info(text)
        else:
            self._logger.debug(text)

    def _is_too_soon(self, place: Tuple[str, int], throttle_s: float) -> bool:
        now_s = self._clock()
        if now_s - self._last_s.get(place, float("-inf")) < throttle_s:
            return True
        if throttle_s:
            self._last_s[place] = now_s
        return False


def attach(logger: RcutilsLogger) -> RosLogHandler:
    """From now on the package's records go to this logger, which decides what is shown."""
    handler = RosLogHandler(logger)
    package = logging.getLogger(PACKAGE)
    package.addHandler(handler)
    package.setLevel(logging.DEBUG if logger.is_enabled_for(LoggingSeverity.DEBUG) else logging.INFO)
    package.propagate = False
    return handler


def detach(handler: RosLogHandler) -> None:
    package = logging.getLogger(PACKAGE)
    package.removeHandler(handler)
    package.propagate = True


def one_line(error: BaseException) -> str:
    """What an error says, in one line; its type too, unless it is one of those that explain themselves."""
    text = " ".join(str(error).split())
    explains_itself = isinstance(error, (ValueError, OSError)) and text
    return text if explains_itself else f"{type(error).__name__}: {text}"
