"""What `play` may be asked for."""

import pytest

from stf2m_ros.cli.play import parser


@pytest.mark.parametrize(
    ("option", "text", "expected"),
    [
        ("--wait", "nan", "expected a number from 0 to 86400, found 'nan'"),
        ("--wait", "-1", "expected a number from 0 to 86400, found '-1'"),
        ("--tail", "1e30", "expected a number from 0 to 86400, found '1e30'"),
        ("--rate", "abc", "expected a number from 0.01 to 100, found 'abc'"),
        ("--rate", "0", "expected a number from 0.01 to 100, found '0'"),
    ],
)
def test_a_number_that_is_of_no_use_is_refused_in_a_sentence(capsys, option, text, expected):
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["clip.mp4", option, text])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"argument {option}: {expected}\n")


def test_numbers_that_are_of_use_are_taken():
    asked = parser().parse_args(["clip.mp4", "--wait", "0", "--tail", "2.5", "--rate", "4"])
    assert (asked.wait, asked.tail, asked.rate) == (0.0, 2.5, 4.0)
