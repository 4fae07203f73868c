"""What to do with a file that is not what it should be: stop and say where, or leave it out and say so at the end."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, List, Optional, TypeVar, Union
from typing import Counter as CounterOf

T = TypeVar("T")

_LONGEST_SHOWN = 80


class BrokenFileError(ValueError):
    """One line: the file, the place in it, what was expected, what was found."""

    def __init__(self, path: Union[str, Path], expected: str, found: object, where: Union[int, str] = "") -> None:
        """where: a line's number, or words such as "video 03bSnISJMiM"."""
        place = f", line {where}" if isinstance(where, int) else f", {where}" if where else ""
        super().__init__(f"{path}{place}: expected {expected}, found {shown(found)}")

    @classmethod
    def told(cls, message: str) -> "BrokenFileError":
        """One whose message somebody else has made already."""
        error = cls.__new__(cls)
        error.args = (message,)
        return error

    def __reduce__(self) -> tuple:
        return BrokenFileError.told, (str(self),)  # so that it comes back whole from another process


def shown(found: object) -> str:
    """What was found, short enough for a message of one line."""
    text = " ".join(str(found).split()) or "nothing"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


@dataclass
class LeftOut:
    """What a reading left out, and why. Without skip_broken the first broken file stops the reading."""

    skip_broken: bool = False
    broken: List[str] = field(default_factory=list)
    without_class: CounterOf[str] = field(default_factory=Counter)  # what has no class here, such as contempt

    def attempt(self, read: Callable[..., T], *arguments: object) -> Optional[T]:
        """What read returns; None, and a line in `broken`, where it met a broken file that may be skipped."""
        try:
            return read(*arguments)
        except BrokenFileError as error:
            if not self.skip_broken:
                raise
            self.broken.append(str(error))
            return None

    def lines(self) -> List[str]:
        """For people: everything that was left out, one line each."""
        classless = [f"left out: {count} of {what}, which has no class" for what, count in self.without_class.items()]
        return [*classless, *(f"left out: {line}" for line in self.broken)]
