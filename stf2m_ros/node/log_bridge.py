"""What the runtime says through `logging` appears in the node's own log."""

import logging

from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.logging import LoggingSeverity

PACKAGE = "stf2m_ros"


class RosLogHandler(logging.Handler):
    """Passes records on. rclpy remembers one severity per calling line, hence a line for each."""

    def __init__(self, logger: RcutilsLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if record.levelno >= logging.ERROR:
            self._logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(text)
        elif record.levelno >= logging.INFO:
            self._logger.info(text)
        else:
            self._logger.debug(text)


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
