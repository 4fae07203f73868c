import json
from dataclasses import replace

import numpy as np
import pytest
from short_clips import BUNDLE, ShortClips

from stf2m_ros.evaluation.interference.corruptions import CLEAN
from stf2m_ros.evaluation.laboratory.encoded_data import EncodedData
from stf2m_ros.evaluation.laboratory.few_shot_tables import best_of, cells_of, labels_table, together_table
from stf2m_ros.evaluation.laboratory.method_runs import ACC, RECALL, ahead, average, worst
from stf2m_ros.evaluation.report.writing import write_report
from stf2m_ros.evaluation.studies.ablation import GROUPS, INTERFERED, VARIANTS, Ablation, ablation_table
from stf2m_ros.evaluation.studies.few_shot import SETTINGS, FewShot, chosen_settings
from stf2m_ros.evaluation.study import SMOKE, Cells, Missing, Score, StudyContext, StudySize

TINY = StudySize(SMOKE.name, 2, 2, clips=6, training_clips=12, training_steps=1, groups=1, clips_per_group=1)


def context(tmp_path, data, methods=(), settings=()):
    cells = Cells(tmp_path / "cells")
    where = (tmp_path / "out", tmp_path / "work", cells)
    return StudyContext(data, BUNDLE, *where, TINY, methods=methods, settings=settings)


def run_with(right, rows=10, people=("a", "b")):
    """right: of each person, or of each person and class; rows: of each."""
    right = np.reshape(right, (len(people), -1))
    return {"task": "18-way", ACC: right.sum() / rows / right.size, RECALL: 0.5, "people": list(people),
            "rows": np.full(right.shape, rows).tolist(), "right": right.tolist()}  # fmt: skip


def test_nobody_is_learned_from_and_judged_and_every_round_judges_others():
    encoded = EncodedData(ShortClips(held_out=False, learned_from=10), BUNDLE)
    judged = set()
    for number in range(5):
        halves = encoded.halves(number, seed=0)
        learned, unseen = ({track.subject for track in half.tracks} for half in halves)
        assert not learned & unseen
        judged |= unseen
    assert len(judged) == 10
    assert encoded.grid().span_s == 3.0


def test_each_frame_has_what_the_bundle_reads_of_its_components():
    judged = EncodedData(ShortClips(learned_from=2), BUNDLE).judged()
    assert judged.states.shape == (len(judged.tokens), 12)
    held = np.concatenate([start + track.frame_index for start, track in zip(judged.starts, judged.tracks)])
    assert np.abs(judged.states[np.unique(held[held >= 0])]).max() <= 1.0


def test_few_shot_fills_its_tables_keeps_its_cells_and_draws(tmp_path):
    asked = context(tmp_path, ShortClips(learned_from=24), ("supervised", "protonet"))
    result = FewShot().run(asked)
    starts = ["20 % of", "Trained on 5", "Trained on all", "All settings", "K-shot", "Amount of"]
    assert all(table.title.startswith(start) for table, start in zip(result.tables, starts))
    few, five, every, _, shots, defects = result.tables
    for table in (few, five, every, shots, defects):
        for row in table.rows:
            scores = [cell for cell in row.cells.values() if isinstance(cell, Score)]
            assert scores and all(cell.n == 2 for cell in scores), (table.title, row)
    assert all(picture.path.stat().st_size > 1000 for picture in result.pictures)
    assert result.facts["methods"] == ["supervised", "protonet"]
    write_report(tmp_path, [result], {})
    assert "The paper's Table V" in (tmp_path / "results.md").read_text()
    kept = {path: path.read_bytes() for path in (tmp_path / "cells").glob("*.json")}
    assert len(kept) == 2 * (3 * 2 + 2)
    again = FewShot().run(asked)
    assert json.dumps([str(t) for t in again.tables]) == json.dumps([str(t) for t in result.tables])


def test_a_round_of_one_unseen_person_costs_the_curves_alone(tmp_path):
    asked = context(tmp_path, ShortClips(learned_from=5, held_out=False), ("supervised",), ("all",))
    every, shots = FewShot().run(asked).tables
    assert isinstance(every.rows[0].cells["ACC, adapted"], Score)
    assert all("one of them alone" in cell.reason for cell in shots.rows[0].cells.values())


class OneEmotion(ShortClips):
    """The same people, who are happy one and all."""

    def clips(self, corruption=CLEAN):
        for clip in super().clips(corruption):
            labels = (label if label.is_neutral else replace(label, class_index=2) for label in clip.labels)
            yield replace(clip, labels=tuple(labels))


def test_wrong_labels_of_a_single_emotion_are_a_reason_and_no_end(tmp_path):
    result = FewShot().run(context(tmp_path, OneEmotion(learned_from=20, held_out=False), ("supervised",), ("few",)))
    assert "expected two classes" in result.tables[0].rows[0].cells["Few-shot, average"].reason


def test_one_setting_alone_is_run_and_told_of(tmp_path):
    asked = context(tmp_path, ShortClips(learned_from=24), ("supervised",), ("few",))
    result = FewShot().run(asked)
    (table,) = result.tables
    cells = table.rows[0].cells
    assert isinstance(cells["Few-shot, average"], Score)
    assert cells["All data, average"] == Missing("all data were not asked for")
    assert len(list((tmp_path / "cells").glob("*.json"))) == 2 and not result.pictures


def test_settings_are_run_in_the_order_of_what_matters_whatever_was_typed():
    assert chosen_settings(("defects", "few"), full=True) == ("few", "defects")
    assert chosen_settings((), full=True) == SETTINGS
    assert chosen_settings((), full=False) == ("few", "all", "labels-5", "defects")
    with pytest.raises(ValueError, match="found labels-7"):
        chosen_settings(("labels-7",), full=True)


def test_the_ablation_judges_every_variant_in_every_environment_with_few_labels_and_with_all(tmp_path):
    few, every = Ablation().run(context(tmp_path, ShortClips(learned_from=60))).tables
    assert few.title != every.title
    for table in (few, every):
        assert [row.heading[0] for row in table.rows] == [variant.title for variant in VARIANTS.values()]
        for row in table.rows:
            assert all(isinstance(row.cells[group], Score) for group in GROUPS), row
            worths = [cell for column, cell in row.cells.items() if column.startswith("worth")]
            assert len(worths) == 4
            assert row.heading[0] == "ST-F2M" or all(cell.low <= cell.mean <= cell.high for cell in worths), row


def test_what_a_part_is_worth_counts_the_environments_it_names():
    """Of two people with ten rows each, the changed method worse under interference alone."""
    full = [dict.fromkeys(GROUPS, run_with([9, 8]))] * 2
    changed = [{**full[0], INTERFERED: run_with([6, 5])}] * 2
    row = ablation_table("few", {"full": full, "conv4": changed}).rows[1]
    worths = [row.cells[f"worth, {which}"].mean for which in ("A", "B", "C", "all three")]
    assert worths == pytest.approx([0, 0.3, 0, 0.1])


def test_what_cannot_be_left_out_leaves_its_row_empty(tmp_path):
    variants = ("full", "no-text")
    table = Ablation(variants).run(context(tmp_path, ShortClips(words=False))).tables[0]
    cells = {row.heading[0]: row.cells[GROUPS[0]] for row in table.rows}
    assert cells["text off"] == Missing("the clips have no words to leave out")
    assert isinstance(cells["ST-F2M"], Score)


def test_no_more_shots_are_told_of_than_the_people_have_expressions(tmp_path):
    """Twelve people with one expression each: half of them show no emotion five times, but once."""
    few_shot = FewShot().run(context(tmp_path, ShortClips(learned_from=24, judged=12), ("supervised",)))
    cells = next(table for table in few_shot.tables if table.title.startswith("K-shot")).rows[0].cells
    assert isinstance(cells["K = 1"], Score)
    assert cells["K = 5"] == cells["K = 10"]
    assert cells["K = 5"].reason.startswith("these people have fewer expressions of every emotion")


def test_without_data_the_study_says_what_it_needs(tmp_path):
    assert "needs data" in FewShot().run(context(tmp_path, None)).facts["reason"]


def test_too_few_clips_leave_the_reason_in_the_row():
    reason = {"reason": "tasks need two emotions"}
    assert cells_of(("x",), [reason, {"as trained": run_with([1, 2])}], (average,)) == {
        "x": Missing("tasks need two emotions")
    }
    table = labels_table("few", {"maml": [reason, reason], "st-f2m": [reason, reason]})
    assert table.rows[0].cells["ST-F2M ahead, ACC"] == Missing("not all rounds could be run")


def test_ahead_is_paired_over_people_and_has_an_interval():
    ours, others = [run_with([9, 8]), run_with([9, 8])], [run_with([5, 4]), run_with([5, 4])]
    found = ahead(ours, others)
    assert (found.mean, found.low, found.high, found.n) == (
        pytest.approx(0.4),
        pytest.approx(0.4),
        pytest.approx(0.4),
        2,
    )
    assert isinstance(ahead(ours, others[:1]), Missing)


def test_ahead_in_recall_counts_each_class_alike():
    """Two people, two classes: the second class has a tenth of the rows, and is found by the first method only."""
    ours, others = run_with([[90, 10], [90, 10]]), run_with([[90, 0], [90, 0]])
    for run in (ours, others):
        run["rows"] = [[100, 10], [100, 10]]
    found = ahead([ours, ours], [others, others], RECALL)
    assert (found.mean, found.low, found.high) == (pytest.approx(0.5),) * 3
    assert ahead([ours, ours], [others, others]).mean == pytest.approx(10 / 110)


def test_runs_kept_before_classes_were_counted_still_compare_in_accuracy():
    old = {**run_with([9, 8]), "rows": [10, 10], "right": [9, 8]}
    assert ahead([run_with([9, 8])] * 2, [old] * 2).mean == pytest.approx(0.0)
    assert isinstance(ahead([old] * 2, [old] * 2, RECALL), Missing)


def test_the_worst_round_keeps_the_spread_of_all():
    runs = [run_with([9, 9]), run_with([5, 5])]
    assert worst(runs).mean == pytest.approx(0.5)
    assert worst(runs).spread == average(runs).spread == pytest.approx(np.std([0.9, 0.5], ddof=1))


def test_all_settings_of_labels_count_together():
    """Ahead by 0.4 in one setting and by nothing in the other; two people each."""
    high, low = run_with([9, 9]), run_with([5, 5])
    rounds = {name: [{"as trained": run, "adapted": run}] * 2 for name, run in (("high", high), ("low", low))}
    wins, ties = {"st-f2m": rounds["high"], "maml": rounds["low"]}, {"st-f2m": rounds["low"], "maml": rounds["low"]}
    assert together_table([wins, ties]).rows[0].cells["ST-F2M ahead, ACC"].mean == pytest.approx(0.2)
    lacking = {**ties, "maml": [{"reason": "too few"}] * 2}
    assert isinstance(together_table([wins, lacking]).rows[0].cells["ST-F2M ahead, ACC"], Missing)


def test_a_method_is_compared_as_it_does_better():
    low, high = run_with([1, 1]), run_with([6, 6])
    assert best_of([{"as trained": low, "adapted": high}]) == [high]
