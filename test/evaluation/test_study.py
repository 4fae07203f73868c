import pytest

from stf2m_ros.evaluation.study import Cells, Missing, Row, Score, Table


def test_a_single_round_has_no_spread():
    with pytest.raises(ValueError, match="at least 2 rounds, found 1"):
        Score.of_rounds([0.5])
    assert Score.of_rounds([0.4, 0.6]).mean == pytest.approx(0.5)


def test_a_cell_is_computed_once_and_kept(tmp_path):
    calls = []

    def compute():
        calls.append(1)
        return {"accuracy": 0.5}

    for _ in range(2):
        assert Cells(tmp_path / "cells").get("fog-30", compute) == {"accuracy": 0.5}
    assert len(calls) == 1


def test_a_cell_that_was_computed_says_how_long_the_rest_takes(tmp_path):
    first = Cells(tmp_path / "cells")
    first.get("a", dict)
    assert first.progress("a") == "a"  # nobody said how many there will be
    cells = Cells(tmp_path / "cells")
    cells.expect(3)
    cells.get("a", dict)  # kept
    cells.get("b", dict)
    assert cells.progress("b") == "b: 2 of 3, about 0 min left"


def test_a_row_that_cannot_be_measured_says_why():
    row = Row.empty(("ours",), ("ACC", "RECALL"), "no bundle was given")
    assert row.cells["ACC"] == Missing("no bundle was given")


def test_a_row_that_does_not_fit_its_table_is_refused():
    with pytest.raises(ValueError, match="expected 2 headings"):
        Table("t", ("set", "method"), ("ACC",), (Row(("ours",), {}),))
