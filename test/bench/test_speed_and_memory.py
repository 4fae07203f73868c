import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from measuring.figures import Figure, table, write_json  # noqa: E402
from measuring.hop_part import measure_hop  # noqa: E402
from measuring.node_part import NodeRun  # noqa: E402
from measuring.runtime_part import engines_ms, figures_of, measure_runtime, run_runtime  # noqa: E402


@pytest.mark.parametrize(
    "value, wanted, holds",
    [(200, "<= 200", True), (201, "<= 200", False), (98.9, ">= 99", False), (1, "= 1", True), (5, "", None)],
)
def test_a_figure_knows_whether_its_promise_is_kept(value: float, wanted: str, holds: object) -> None:
    assert Figure("part", "name", value, "ms", wanted).holds is holds


def test_the_table_shows_broken_promises() -> None:
    lines = table([Figure("node", "p95", 250.0, "ms", "<= 200"), Figure("node", "p50", 10.0, "ms")]).splitlines()
    assert lines[2].split() == ["node", "p95", "250", "ms", "<=", "200", "NO"]
    assert lines[3].split() == ["node", "p50", "10", "ms"]


def test_figures_are_left_as_json(tmp_path: Path) -> None:
    write_json(tmp_path / "bench" / "figures.json", [Figure("node", "p95", 250.0, "ms", "<= 200")], "tiny")
    found = json.loads((tmp_path / "bench" / "figures.json").read_text())
    assert found["figures"][0]["kept"] is False
    assert found["model"] == "tiny"


def test_the_runtime_encodes_each_frame_of_a_talking_person_once(tiny_bundle_folder: Path) -> None:
    figures = {each.name: each for each in measure_runtime(tiny_bundle_folder, minutes=0.1, threads=1)}
    assert figures["slots looked at"].value == 100
    assert figures["person found"].value > 90
    assert figures["encoder calls per frame with a face"].value == 1


def test_all_but_the_engines_is_told_apart_from_them(tiny_bundle_folder: Path) -> None:
    run = run_runtime(tiny_bundle_folder, 3.0, 1, (640, 360))
    engines, rest = engines_ms(run)
    assert engines > 0
    assert rest > 0
    shares = [each.value for each in figures_of(run) if each.name.endswith(", share")]
    assert sum(shares) == pytest.approx(100)


def test_a_hop_is_held_against_the_full_width_encoder(tiny_bundle_folder: Path) -> None:
    run = run_runtime(tiny_bundle_folder, 3.0, 1, (640, 360))
    found = {each.name: each for each in measure_hop(tiny_bundle_folder, run, full_encoder_ms=10.0)}
    parts = [each.value for name, each in found.items() if name.endswith("processor")]
    assert all(each > 0 for each in parts)
    if len(parts) == 3:  # with the messages
        assert found["all of it, of the full-width encoder's cost per hop"].value == pytest.approx(
            100 * sum(parts) / 50
        )


def test_latency_is_counted_from_the_newest_frame_of_a_window_that_the_camera_completed() -> None:
    stamps_s = [100 + number / 30 for number in range(91)]
    before, learning, after = (99.5, 99.4, 99.6), (100.5, 100.4, 100.52), (103.5, 103.0, 104.1)
    run = NodeRun(stamps_s, [before, learning, (101.5, 101.4, 101.42), (102.0, 101.9, 101.95), after])
    assert run.latencies_s() == pytest.approx([0.02, 0.05])
