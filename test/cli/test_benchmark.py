import json
import subprocess
import sys
from pathlib import Path

import pytest

from stf2m_ros.cli import benchmark
from stf2m_ros.cli.benchmark_runs import Row, resident_mb
from stf2m_ros.cli.device_report import NotReported


@pytest.fixture(scope="module")
def run(tiny_bundle_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("benchmark")
    arguments = ["--bundle", str(tiny_bundle_folder), "--seconds", "0.02", "--out", str(out)]
    assert benchmark.main([*arguments, "--cache", str(out / "engines")]) == 0
    return out


def test_it_tells_frames_by_batch_latencies_memory_power_mode_and_energy(run: Path) -> None:
    figures = json.loads((run / "benchmark.json").read_text())["figures"]
    names = [each["name"] for each in figures]
    assert [f"encoder, batch {batch}" in names for batch in (1, 2, 4, 8)] == [True] * 4
    assert {"window head, p50", "window head, p95", "window head, p99", "resident memory", "power mode"} <= set(names)
    assert any(name.startswith("energy per frame") for name in names)


def test_what_the_machine_does_not_tell_has_a_reason(run: Path) -> None:
    for each in json.loads((run / "benchmark.json").read_text())["figures"]:
        assert each["value"] is not None or each["reason"]


def test_there_is_a_picture(run: Path) -> None:
    pytest.importorskip("matplotlib")
    assert (run / "benchmark.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_everything_but_the_picture_is_there(tiny_bundle_folder: Path, tmp_path: Path) -> None:
    """A module of that name that cannot be imported stands in for a robot without it."""
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "__init__.py").write_text("raise ImportError(name='matplotlib')\n")
    options = ["--bundle", str(tiny_bundle_folder), "--seconds", "0.01", "--out", str(tmp_path / "out")]
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; from stf2m_ros.cli.benchmark import main"
    code += f"; sys.exit(main({options!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert "no picture: matplotlib is not installed" in done.stdout
    assert (tmp_path / "out" / "benchmark.json").is_file()


def test_it_needs_no_torch() -> None:
    code = "import sys, stf2m_ros.cli.benchmark; sys.exit(bool({'torch', 'matplotlib', 'rclpy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_a_missing_bundle_is_said(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert benchmark.main(["--bundle", str(tmp_path / "none")]) == 1
    assert "expected a model bundle, found no such folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "found"),
    [
        (option, found)
        for option, wrong in (("--threads", "0 1000000 two"), ("--seconds", "0 -1 nan soon"))
        for found in wrong.split()
    ],
)
def test_threads_and_seconds_that_measure_nothing_are_refused(
    capsys: pytest.CaptureFixture, option: str, found: str
) -> None:
    with pytest.raises(SystemExit):
        benchmark.main([option, found])
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"argument {option}: expected " in line and line.endswith(f"found {found}")


def test_a_row_without_a_value_says_why() -> None:
    row = Row("machine", "power mode", NotReported("there is no nvpmodel here"))
    assert row.said == "not reported: there is no nvpmodel here"
    assert row.to_plain()["value"] is None


def test_memory_is_not_reported_where_there_is_no_proc(tmp_path: Path) -> None:
    assert isinstance(resident_mb(tmp_path / "status"), NotReported)
    assert resident_mb() > 10
