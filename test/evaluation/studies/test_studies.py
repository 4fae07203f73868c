import json
from dataclasses import replace

import numpy as np
import pytest
from tiny_studies import TINY, TinyData, tiny_context

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.evaluation.interference.corruptions import CLEAN
from stf2m_ros.evaluation.judging import judged_in_one_window
from stf2m_ros.evaluation.report.writing import missing_reasons, write_report
from stf2m_ros.evaluation.studies.accuracy import TASK_COLUMNS, Accuracy
from stf2m_ros.evaluation.studies.catalogue import NAMES, open_study
from stf2m_ros.evaluation.studies.cross_dataset import CrossDataset
from stf2m_ros.evaluation.studies.fuzzy_ranges import RANGES, EveryRange, FuzzyRanges
from stf2m_ros.evaluation.studies.robot import AT_ONCE, SETTLED, Robot, stretch_scores
from stf2m_ros.evaluation.studies.robustness import COLUMNS, Robustness
from stf2m_ros.evaluation.studies.speed import Speed
from stf2m_ros.evaluation.study import OUTSIDE, PAPER, Missing, Score
from stf2m_ros.runtime.bundle import read_card, write_card
from stf2m_ros.stream.settings import WindowGrid

SHORT = replace(TINY, name="smoke")  # where a study asks less of a smoke run


class AllNeutral(TinyData):
    """The same people, who show nothing."""

    def clips(self, corruption=CLEAN):
        for clip in super().clips(corruption):
            yield replace(clip, labels=(LabelInterval(NEUTRAL_INDEX, 0.0, clip.labels[-1].end_s),))


def table_of(result, words):
    return next(table for table in result.tables if words in table.title)


def test_accuracy_answers_every_task_with_a_spread(tmp_path):
    result = Accuracy().run(tiny_context(tmp_path))
    (row,) = table_of(result, "Accuracy and recall").rows
    assert set(row.cells) == set(TASK_COLUMNS)
    assert all(isinstance(cell, Score) and cell.n == 3 for cell in row.cells.values())
    assert {picture.path.name for picture in result.pictures} == {
        "confusion_6.png",
        "confusion_18.png",
        "reliability.png",
    }


def test_accuracy_tells_how_many_boundaries_are_found_with_levels_and_between_emotions(tmp_path):
    rows = table_of(Accuracy().run(tiny_context(tmp_path)), "Boundaries").rows
    assert [row.heading for row in rows] == [("18 + neutral",), ("6 + neutral",)]
    assert all(isinstance(row.cells["boundaries found"], Score) for row in rows)


def test_what_the_data_do_not_hold_is_an_empty_row_with_the_reason(tmp_path):
    result = Accuracy().run(tiny_context(tmp_path))
    assert "no row names several emotions at once" in missing_reasons(table_of(result, "Several emotions"))[0]
    assert table_of(result, "Groups of people").rows[0].heading == ("Sex", "Female", "4")


def test_an_outside_model_stands_in_the_same_table(tmp_path):
    table = tmp_path / "theirs.csv"
    table.write_text("clip,class\n" + "".join(f"clip{number},happiness\n" for number in range(4)))
    result = Accuracy().run(tiny_context(tmp_path, predictions=(str(table),)))
    ours, theirs = table_of(result, "Accuracy and recall").rows
    assert (theirs.heading, theirs.source) == (("theirs",), OUTSIDE)
    ahead = table_of(result, "ahead of").rows[0].cells["6-way ACC"]
    assert ahead.low <= ahead.mean <= ahead.high


@pytest.mark.parametrize("number", [0, 1])
def test_how_far_ahead_stays_empty_without_two_people_who_show_an_emotion(tmp_path, number):
    path = tmp_path / "theirs.csv"
    path.write_text("clip,class\nclip0,happiness\n")
    shown = TinyData(count=1) if number else AllNeutral()
    result = Accuracy().run(tiny_context(tmp_path, data=shown, predictions=(str(path),)))
    (row,) = table_of(result, "ahead of").rows
    assert row.cells["6-way ACC"].reason.startswith(f"{number} subject")
    write_report(tmp_path / "out", [result], {})


def test_robustness_measures_every_kind_at_every_level(tmp_path):
    result = Robustness().run(tiny_context(tmp_path))
    rows = {row.heading[1]: row for row in table_of(result, "Accuracy under interference (6-way").rows}
    assert set(rows) == {"fog", "block_mask", "patch_mask", "face_mask", "distortion", "low_light", "words", "frames"}
    assert all(set(row.cells) == set(COLUMNS) for row in rows.values())
    assert len({row.cells["0 %"].mean for row in rows.values()}) == 1


class NobodyBehindAMask(TinyData):
    """No face is found behind any cover."""

    def clips(self, corruption=CLEAN):
        return () if corruption.level and corruption.kind.endswith("mask") else super().clips(corruption)


def test_where_a_mask_hides_every_face_all_is_lost_and_the_rest_is_told(tmp_path):
    context = tiny_context(tmp_path, data=NobodyBehindAMask())
    accuracies = {row.heading[1]: row.cells for row in table_of(Robustness().run(context), "Accuracy under").rows}
    assert accuracies["block_mask"]["50 %"].mean == 0.0
    assert accuracies["frames"]["50 %"].n == 3
    result = Accuracy().run(context)
    assert isinstance(table_of(result, "Calibration").rows[1].cells["Brier score"], Missing)
    write_report(tmp_path / "out", [result], {})


def test_without_a_bundle_a_study_leaves_its_row_empty(tmp_path):
    for study in (Accuracy(), Robustness()):
        (table,) = study.run(tiny_context(tmp_path, bundle=None)).tables
        assert all(isinstance(cell, Missing) for cell in table.rows[0].cells.values())


def test_the_report_holds_every_number_and_one_page_that_needs_nothing_else(tmp_path):
    result = Accuracy().run(tiny_context(tmp_path))
    write_report(tmp_path / "report", [result], {"seed": 0})
    plain = json.loads((tmp_path / "report" / "results.json").read_text())
    (study,) = plain["studies"]
    assert study["tables"][0]["rows"][0]["cells"]["6-way ACC"]["n"] == 3
    assert {row["source"] for row in study["paper_tables"][0]["rows"]} == {PAPER}
    page = (tmp_path / "report" / "index.html").read_text()
    assert page.count("data:image/png;base64,") == 3
    assert "http" not in page
    assert "measured by its authors on their own data" in page
    assert "| ST-F2M |" in (tmp_path / "report" / "results.md").read_text()


def test_every_study_has_a_name_of_its_own():
    assert len(set(NAMES)) == 8
    with pytest.raises(KeyError):
        open_study("magic")
    assert open_study("accuracy").name == "accuracy"


def test_every_pair_of_ranges_is_answered_from_one_pass(tmp_path):
    result = FuzzyRanges().run(tiny_context(tmp_path))
    table = table_of(result, "Membership ranges")
    assert len(table.rows) == len(RANGES) ** 2
    assert {row.heading[1] for row in table.rows} == {f"{each:g}" for each in RANGES}
    assert all(isinstance(row.cells["ACC"], Score) for row in table.rows)
    assert (tmp_path / "out" / "ranges_acc.png").exists()
    assert "own ranges are" in table.note


def test_a_class_that_nobody_shows_leaves_its_cells_empty_and_the_report_whole(tmp_path):
    result = FuzzyRanges().run(tiny_context(tmp_path, size=SHORT))  # none of the tiny clips is of anger-high
    cells = [row.cells["anger-high RECALL"] for row in table_of(result, "Membership ranges").rows]
    assert set(map(type, cells)) == {Missing}
    write_report(tmp_path / "out", [result], {})
    assert json.loads((tmp_path / "out" / "results.json").read_text())["studies"]


def test_at_the_bundles_own_ranges_the_answer_is_what_the_robot_says(tmp_path):
    context, heads = tiny_context(tmp_path), []
    card = read_card(context.bundle)
    card = write_card(context.bundle, replace(card, fuzzy=replace(card.fuzzy, rule_share=0.3)))

    def remembered(head):
        heads.append(EveryRange(head, [(card.fuzzy.component_range, card.fuzzy.intensity_range)], card))
        return heads[0]

    for clip in judged_in_one_window(context.data, context.bundle, remembered):
        np.testing.assert_allclose(heads[0].said[0, clip.places], clip.scored.probabilities, atol=1e-6)


def test_a_last_layer_fitted_to_one_set_is_judged_on_another(tmp_path):
    context = tiny_context(tmp_path, data=TinyData(8), other_data=(TinyData(5, "other", "1" * 64),))
    result = CrossDataset().run(context)
    assert [row.heading[1] for row in table_of(result, "As it is").rows] == ["tiny", "other"]
    pairs = {row.heading: row for row in table_of(result, "Last layer").rows}
    assert set(pairs) == {(one, other) for one in ("tiny", "other") for other in ("tiny", "other")}
    assert all(isinstance(row.cells["ACC"], Score) for row in pairs.values())


def test_a_set_that_nothing_can_be_learned_from_leaves_its_rows_empty(tmp_path):
    context = tiny_context(tmp_path, other_data=(TinyData(count=1, name="one"), AllNeutral(name="still")))
    rows = {row.heading: row.cells["ACC"] for row in table_of(CrossDataset().run(context), "Last layer").rows}
    assert isinstance(rows["tiny", "tiny"], Score)
    assert rows["one", "tiny"].reason == "expected two emotions to learn from, found ['happiness']"
    assert rows["one", "one"].reason.startswith("expected two people")
    assert rows["tiny", "still"].reason.startswith("expected rows with an emotion in both sets")


def test_one_set_alone_is_no_cross_dataset_study(tmp_path):
    table = table_of(CrossDataset().run(tiny_context(tmp_path)), "Last layer")
    assert "two or more are needed" in missing_reasons(table)[0]


def test_ones_own_recordings_are_judged_as_sequences(tmp_path):
    result = Robot().run(tiny_context(tmp_path))
    rows = {row.heading[1:]: row for row in table_of(result, "Sequences").rows}
    assert set(rows) == {(answer, when) for answer in ("18 + neutral", "6 + neutral") for when in (SETTLED, AT_ONCE)}
    for row in rows.values():
        assert isinstance(row.cells["segments right"], Score)
        assert isinstance(row.cells["boundaries found"], Score)
    assert {picture.path.name for picture in result.pictures} == {"robot_groups.png", "robot_sequences.png"}


class OneTooBrief(TinyData):
    """The first clip's labels are shorter than half a segment."""

    def clips(self, corruption=CLEAN):
        for place, clip in enumerate(super().clips(corruption)):
            brief = (LabelInterval(NEUTRAL_INDEX, 0.0, 0.1), LabelInterval(3, 1.0, 1.2))
            yield clip if place else replace(clip, labels=brief)


def test_a_clip_without_a_labelled_segment_is_no_sequence(tmp_path):
    assert Robot().run(tiny_context(tmp_path, data=OneTooBrief())).facts["clips"] == 3


def test_what_is_said_between_labelled_stretches_finds_no_boundary():
    clip = {"expected": [NEUTRAL_INDEX] * 2 + [UNLABELLED] * 8 + [1, 1], SETTLED: [NEUTRAL_INDEX] * 6 + [1] * 6}
    first, second = stretch_scores(clip, "18 + neutral", SETTLED, WindowGrid())
    assert first["segments right"] == second["segments right"] == 1.0
    assert np.isnan([first["boundaries found"], second["boundaries found"]]).all()


def test_speed_is_told_of_each_engine_or_why_it_is_not_here(tmp_path):
    rows = {row.heading[1]: row.cells for row in Speed().run(tiny_context(tmp_path, size=SHORT)).tables[0].rows}
    assert rows["ONNX Runtime, 1 thread"]["frames/s"].mean > 0
    other = rows["TensorRT, fp16"]["frames/s"]
    assert isinstance(other, Score) or other.reason
