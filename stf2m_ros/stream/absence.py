"""Why nobody was seen."""

from enum import IntEnum


class AbsenceReason(IntEnum):
    """Why no face was seen. The numbers are part of the message and never change."""

    PRESENT = 0
    WINDOW_FILLING = 1  # before the first data of this window
    NO_IMAGES = 2  # the camera sent nothing
    NO_FACE = 3  # images came, and nobody was in them
    OTHER_PERSON = 4  # somebody was there, but not the followed person
    BAD_IMAGE = 5  # images came that could not be read
