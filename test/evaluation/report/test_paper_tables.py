import pytest

from stf2m_ros.evaluation.report.paper_tables import paper_frames_per_s, paper_table
from stf2m_ros.evaluation.study import PAPER


def test_every_row_of_the_paper_is_marked_as_the_papers():
    for key, rows, columns in (("table_iii", 19, 10), ("table_iv", 19, 12), ("table_v", 9, 4)):
        table = paper_table(key)
        assert len(table.rows) == rows
        assert len(table.columns) == columns
        assert all(row.source == PAPER and set(row.cells) == set(table.columns) for row in table.rows)
        assert "not by us" in table.note


def test_known_numbers_are_as_printed():
    three, four, five = (paper_table(key) for key in ("table_iii", "table_iv", "table_v"))
    ours = {table.title: table.rows[-1] for table in (three, four, five)}
    assert all(row.heading == ("ST-F2M",) for row in ours.values())
    assert ours[three.title].cells["CREMA-D RECALL"].mean == pytest.approx(0.7606)
    assert ours[four.title].cells["Mask 50 %"].mean == pytest.approx(0.804)
    assert ours[five.title].cells["Few-Shot worst ACC"].spread == pytest.approx(0.0047)
    assert paper_frames_per_s() == 20.3
