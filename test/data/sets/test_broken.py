import pickle

import pytest

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut


def fail(line):
    raise BrokenFileError("a/b.txt", "two numbers", "x" * 200, line)


def test_the_message_names_file_line_expected_and_found_in_one_short_line():
    message = str(BrokenFileError("a/b.txt", "two numbers", "1 2\n3", 7))
    assert message == "a/b.txt, line 7: expected two numbers, found 1 2 3"
    assert (
        str(BrokenFileError("a.csd", "features", "", "video x")) == "a.csd, video x: expected features, found nothing"
    )


def test_what_was_found_is_cut_short():
    with pytest.raises(BrokenFileError, match=r"x{77}\.\.\.$"):
        fail(3)


def test_a_broken_file_stops_the_reading_unless_it_may_be_skipped():
    with pytest.raises(BrokenFileError):
        LeftOut().attempt(fail, 3)
    left_out = LeftOut(skip_broken=True)
    assert left_out.attempt(fail, 3) is None and left_out.attempt(lambda: 5) == 5
    left_out.without_class["contempt"] += 2
    assert left_out.lines()[0] == "left out: 2 of contempt, which has no class"
    assert "a/b.txt, line 3" in left_out.lines()[1]


def test_other_errors_are_never_skipped():
    with pytest.raises(ZeroDivisionError):
        LeftOut(skip_broken=True).attempt(lambda: 1 / 0)


def test_the_error_comes_back_whole_from_another_process():
    error = pickle.loads(pickle.dumps(BrokenFileError("a", "b", "c", 1)))
    assert isinstance(error, BrokenFileError) and str(error) == "a, line 1: expected b, found c"
