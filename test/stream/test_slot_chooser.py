import numpy as np
import pytest

from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.settings import WindowGrid
from stf2m_ros.stream.slot_chooser import SlotChooser
from stf2m_ros.stream.slot_grid import ClockJumpedBack

EPOCH_S = 1.8e9


def frame(stamp_s):
    return Frame(stamp_s, lambda: np.zeros((2, 2, 3), np.uint8))


def chosen_of(stamps_s, chooser=None):
    chooser = chooser or SlotChooser(WindowGrid())
    given = [chooser.offer(frame(stamp_s)) for stamp_s in stamps_s]
    return [chosen for chosen in given if chosen is not None]


def test_of_a_slots_frames_the_nearest_to_its_centre_is_chosen():
    chosen = chosen_of([EPOCH_S + 0.06, EPOCH_S + 0.093, EPOCH_S + 0.126, EPOCH_S + 0.16])
    assert [round(choice.frame.stamp_s - EPOCH_S, 3) for choice in chosen] == [0.093]


def test_a_30_hz_camera_gives_one_frame_for_every_slot():
    slots = [choice.slot for choice in chosen_of([EPOCH_S + i / 30 for i in range(301)])]
    assert slots == list(range(round(EPOCH_S * 10), round(EPOCH_S * 10) + 100))


def test_the_frames_that_are_not_chosen_are_never_read():
    reads = []
    chooser = SlotChooser(WindowGrid())
    for i in range(30):
        chooser.offer(Frame(EPOCH_S + i / 30, lambda i=i: reads.append(i)))
    assert reads == []


def test_time_alone_ends_a_slot_too():
    chooser = SlotChooser(WindowGrid())
    chooser.offer(frame(EPOCH_S))
    assert chooser.pass_time(EPOCH_S + 0.04) is None
    assert chooser.pass_time(EPOCH_S + 0.06).frame.stamp_s == EPOCH_S
    assert chooser.pass_time(EPOCH_S + 9.0) is None


def test_a_slot_is_given_only_once_even_if_a_frame_comes_late():
    chooser = SlotChooser(WindowGrid())
    chooser.offer(frame(EPOCH_S))
    chooser.pass_time(EPOCH_S + 0.2)
    assert chosen_of([EPOCH_S + 0.01, EPOCH_S + 0.2, EPOCH_S + 0.3], chooser)[0].frame.stamp_s == EPOCH_S + 0.2


def test_a_clock_that_jumps_back_is_said_and_a_reset_starts_anew():
    chooser = SlotChooser(WindowGrid())
    chooser.offer(frame(EPOCH_S))
    with pytest.raises(ClockJumpedBack, match="came after"):
        chooser.offer(frame(0.0))
    chooser.reset()
    assert chooser.offer(frame(0.0)) is None
    assert chooser.offer(frame(0.1)).slot == 0
