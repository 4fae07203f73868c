import ast
import sys
from pathlib import Path
from typing import List, Set

import pytest

from stf2m_ros.cli import train
from stf2m_ros.cli.train import build_line

ROOMS = ("training", "meta", "net", "export", "data")
OF_THE_ROBOT = {"stf2m_ros", "numpy", "cv2", "yaml", "onnxruntime"}


def imported_at_the_top(path: Path) -> Set[str]:
    """Packages without which the module cannot be imported."""
    found: Set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found


def test_what_training_cannot_do_without_is_asked_for_before_it_begins() -> None:
    package = Path(train.__file__).parents[1]
    needed = set().union(*(imported_at_the_top(path) for room in ROOMS for path in (package / room).rglob("*.py")))
    assert needed - sys.stdlib_module_names - OF_THE_ROBOT <= set(train._NEEDED)


def test_what_tensorrt_lacks_is_said_and_nothing_is_built() -> None:
    asked: List[str] = []
    line = build_line("pycuda is not installed for this Python", lambda: asked.append("build") or 0)
    assert "not built, pycuda is not installed for this Python" in line
    assert not asked


def test_no_folder_is_looked_into_that_was_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shared/data/ckplus48").mkdir(parents=True)
    (tmp_path / "checkout").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    parse = train._parser().parse_args
    assert parse(["--config", "train.yaml"]).real_faces is None
    assert parse(["--config", "train.yaml", "--real-faces", str(tmp_path)]).real_faces == tmp_path


@pytest.mark.parametrize(("code", "said"), [(0, "built for this machine"), (1, "not built, for the reason above")])
def test_with_tensorrt_the_engines_are_built_and_how_it_ended_is_said(code: int, said: str) -> None:
    assert said in build_line("", lambda: code)
