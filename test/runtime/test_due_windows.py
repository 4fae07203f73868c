import pytest

from stf2m_ros.runtime.due_windows import DueWindows
from stf2m_ros.stream.settings import WindowGrid

EPOCH_S = 1.8e9


def advanced_to(*stamps_s: float) -> DueWindows:
    windows = DueWindows(WindowGrid())
    for stamp_s in stamps_s:
        windows.advance_to(stamp_s)
    return windows


def test_nothing_is_due_before_the_first_stamp() -> None:
    windows = DueWindows(WindowGrid())
    assert not windows.is_due()
    with pytest.raises(RuntimeError, match="expected a window that is due"):
        windows.take()


def test_a_window_is_due_when_its_last_slot_is_over() -> None:
    assert not advanced_to(EPOCH_S + 0.1, EPOCH_S + 0.449).is_due()
    assert advanced_to(EPOCH_S + 0.1, EPOCH_S + 0.451).is_due()


def test_windows_end_on_multiples_of_the_hop_whenever_the_stream_began() -> None:
    windows = advanced_to(EPOCH_S + 7.31, EPOCH_S + 7.5)
    assert windows.take() == pytest.approx(EPOCH_S + 7.5, abs=1e-6)


def test_each_window_is_due_once() -> None:
    windows = advanced_to(0.1, 0.5)
    windows.take()
    windows.advance_to(0.9)
    assert not windows.is_due()
    windows.advance_to(1.0)
    assert windows.take() == pytest.approx(1.0)


def test_after_a_gap_only_the_newest_window_is_judged() -> None:
    windows = advanced_to(0.1, 9.8)
    assert windows.take() == pytest.approx(9.5)
    assert not windows.is_due()


def test_a_late_stamp_changes_nothing() -> None:
    windows = advanced_to(0.1, 0.5, 0.2)
    assert windows.take() == pytest.approx(0.5)


def test_after_a_reset_the_clock_may_begin_anywhere() -> None:
    windows = advanced_to(EPOCH_S, EPOCH_S + 3)
    windows.reset()
    assert not windows.is_due()
    windows.advance_to(2.1)
    windows.advance_to(2.5)
    assert windows.take() == pytest.approx(2.5)
