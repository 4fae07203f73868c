"""What came with the package is found beside its source and where ROS 2 installed it; a bundle's name is one thing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stf2m_ros import shipped_files
from stf2m_ros.cli import benchmark, build_engine
from stf2m_ros.shipped_files import find_bundle, shipped

ROOT = Path(__file__).resolve().parents[1]
RULES = "config/rules/facs.yaml"


@pytest.fixture
def installed(tmp_path):
    """The package as `colcon build` installs it: the code alone on the path, its files below share/."""
    share, code = tmp_path / "install/share", tmp_path / "site/stf2m_ros"
    for folder in (share / "ament_index/resource_index/packages", code, share / "stf2m_ros/models/mine"):
        folder.mkdir(parents=True)
    (share / "ament_index/resource_index/packages/stf2m_ros").touch()
    (share / "stf2m_ros" / RULES).parent.mkdir(parents=True)
    (share / "stf2m_ros" / RULES).touch()
    for name in ("__init__.py", "shipped_files.py"):
        shutil.copy(Path(shipped_files.__file__).with_name(name), code / name)
    return tmp_path


def asked(installed, call, prefix="install", before=""):
    """What a call of the installed module gives, in an interpreter of its own."""
    code = f"{before}\nfrom stf2m_ros.shipped_files import *\nprint({call})"
    path = os.pathsep.join([str(installed / "site"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "AMENT_PREFIX_PATH": prefix and str(installed / prefix)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=installed)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def test_beside_the_source_the_source_trees_own_files_are_taken():
    assert shipped(RULES) == ROOT / RULES
    assert find_bundle("generated_faces") == ROOT / "models/generated_faces"


def test_an_installed_package_finds_its_files_below_share(installed):
    pytest.importorskip("ament_index_python")
    share = installed / "install/share/stf2m_ros"
    assert asked(installed, f"shipped({RULES!r})") == str(share / RULES)
    assert asked(installed, "find_bundle('mine')") == str(share / "models/mine")


@pytest.mark.parametrize(
    ("prefix", "before"),
    [("install", "import sys; sys.modules['ament_index_python'] = None"), ("", ""), ("nowhere", "")],
    ids=["without ROS", "ROS not set up", "not installed there"],
)
def test_where_nothing_tells_the_place_the_error_is_one_line(installed, prefix, before):
    said = asked(installed, f"shipped({RULES!r})", prefix, before)
    assert said.startswith(f"FileNotFoundError: {RULES}: expected it to come with stf2m_ros, found none in any place")
    said = asked(installed, "find_bundle('mine')", prefix, before)
    assert said.endswith("expected a path such as ./mine, or an installed one (none), found 'mine'")


def test_a_path_is_taken_as_it_is():
    assert find_bundle("./mine") == Path("mine")
    assert find_bundle("/there/mine") == Path("/there/mine")
    assert find_bundle("~/mine") == Path.home() / "mine"
    assert find_bundle(".") == Path()


def test_a_file_that_does_not_come_with_the_package_is_named():
    with pytest.raises(FileNotFoundError, match="none.yaml: expected it to come with stf2m_ros, found none in /"):
        shipped("config/none.yaml")


def test_no_name_is_no_bundle():
    with pytest.raises(FileNotFoundError, match="expected a folder or the name of an installed model, found nothing"):
        find_bundle("")


@pytest.mark.parametrize("command", [build_engine, benchmark])
def test_a_bare_name_never_means_a_folder_that_happens_to_be_here(command, tmp_path, monkeypatch, capsys):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert command.main(["--bundle", "mine"]) == 1
    assert "expected a path such as ./mine, or an installed one (generated_faces" in capsys.readouterr().err


def test_the_home_of_nobody_is_told_in_one_line(capsys):
    assert build_engine.main(["--bundle", "~nobody_of_that_name/mine"]) == 1
    assert "~nobody_of_that_name/mine: expected a model bundle, found no such folder" in capsys.readouterr().err


def test_nobody_else_looks_for_what_came_with_the_package():
    texts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "stf2m_ros").rglob("*.py")}
    assert [name for name, text in texts.items() if "get_package_share_directory" in text] == ["shipped_files.py"]
    own_roots = [name for name, text in texts.items() if "__file__).resolve().parents" in text]
    assert sorted(own_roots) == ["build_process.py", "shipped_files.py"]  # the former: where a child finds the code
