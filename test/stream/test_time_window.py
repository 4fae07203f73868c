import numpy as np
import pytest

from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.settings import WindowGrid
from stf2m_ros.stream.time_window import TimeWindow

EPOCH_S = 1.8e9


class Watched:
    """A window, and a number in each row that it gave out: which face is seen in which slot."""

    def __init__(self):
        self.window = TimeWindow(WindowGrid())
        self.numbers = np.zeros(self.window.rows)

    def put(self, stamp_s, number):
        row = self.window.put(stamp_s)
        if row is not None:
            self.numbers[row] = number

    def seen(self, end_s):
        """(300,) the number of each slot's face, 0 where it holds none."""
        arrays = self.window.assemble(end_s)
        return self.numbers[arrays.rows] * arrays.frame_presence[0]

    def __getattr__(self, name):
        return getattr(self.window, name)


@pytest.fixture
def window():
    return Watched()


def test_a_window_holds_its_slots_oldest_first(window):
    for k in range(300):
        window.put(EPOCH_S + k * 0.1, k)
    arrays = window.assemble(EPOCH_S + 30)
    assert window.seen(EPOCH_S + 30).tolist() == list(range(300))
    assert arrays.frame_presence.tolist() == [[1.0] * 300]
    assert (arrays.start_s, arrays.end_s) == (EPOCH_S, EPOCH_S + 30)


def test_the_window_moves_on_and_forgets(window):
    for k in range(1000):
        window.put(EPOCH_S + k * 0.1, k)
    assert window.seen(EPOCH_S + 100).tolist() == list(range(700, 1000))
    assert window.assemble(EPOCH_S + 30).frame_presence.sum() == 0


def test_slots_before_the_first_data_say_that_the_window_is_filling(window):
    window.put(EPOCH_S + 29.9, 1)
    absence = window.assemble(EPOCH_S + 30).absence
    # The slot before has the frame exactly 0.1 s away.
    assert set(absence[:298]) == {AbsenceReason.WINDOW_FILLING} and absence[299] == AbsenceReason.PRESENT


def test_a_silent_camera_and_an_empty_room_are_told_apart(window):
    window.put(EPOCH_S + 10.0, 1)
    window.put_absence(EPOCH_S + 20.0, AbsenceReason.NO_FACE)
    absence = window.assemble(EPOCH_S + 30).absence
    assert absence[100] == AbsenceReason.PRESENT
    assert absence[150] == AbsenceReason.NO_IMAGES
    assert absence[200] == AbsenceReason.NO_FACE


def test_words_before_the_first_image_make_the_camera_the_silent_one(window):
    window.begin(EPOCH_S)
    assert set(window.assemble(EPOCH_S + 30).absence) == {AbsenceReason.NO_IMAGES}


def test_a_gap_of_one_slot_takes_the_nearer_neighbour(window):
    window.put(EPOCH_S + 9.98, 1)
    window.put(EPOCH_S + 10.16, 2)
    assert window.seen(EPOCH_S + 30)[100:103].tolist() == [1, 2, 2]


def test_a_frame_farther_than_one_slot_does_not_fill_a_gap(window):
    window.put(EPOCH_S + 9.96, 1)
    window.put(EPOCH_S + 10.24, 2)
    assert window.assemble(EPOCH_S + 30).frame_presence[0, 101] == 0


def test_a_slot_where_nobody_was_seen_is_not_filled_from_beside_it(window):
    window.put(EPOCH_S + 10.0, 1)
    window.put_absence(EPOCH_S + 10.1, AbsenceReason.OTHER_PERSON)
    arrays = window.assemble(EPOCH_S + 30)
    assert arrays.absence[101] == AbsenceReason.OTHER_PERSON and arrays.frame_presence[0, 101] == 0


def test_a_frame_after_the_windows_end_changes_nothing_in_it(window):
    window.put(EPOCH_S + 29.7, 1)
    before = window.seen(EPOCH_S + 30)
    window.put(EPOCH_S + 29.999, 2)
    assert np.array_equal(before, window.seen(EPOCH_S + 30))


def test_a_reset_forgets_everything(window):
    window.put(EPOCH_S, 1)
    window.reset()
    assert set(window.assemble(EPOCH_S + 0.5).absence) == {AbsenceReason.WINDOW_FILLING}


def test_a_stamp_from_long_ago_does_not_overwrite_the_present(window):
    for k in range(400):
        window.put(EPOCH_S + k * 0.1, k)
    window.put(EPOCH_S - 1000, -1)
    assert window.seen(EPOCH_S + 40).min() == 100
