"""What holds the house together, checked in interpreters that know nothing yet."""

import ast
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from stf2m_ros.node.built_messages import missing_messages

ROOT = Path(__file__).resolve().parents[1]
ROBOT_ROOMS = ("fuzzy", "stream", "runtime")
# Newer than Python 3.8, and out of the linter's sight, which does not know what a method belongs to.
NEWER_METHODS = {"removeprefix", "removesuffix", "is_relative_to", "with_stem", "hardlink_to", "bit_count"}
NEWER_ARGUMENTS = {"kw_only", "cancel_futures", "delete_on_close"}


def modules_of(*rooms):
    """Dotted names of every module in these rooms."""
    files = [path for room in rooms for path in sorted((ROOT / "stf2m_ros" / room).rglob("*.py"))]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files if path.name != "__init__.py"]


def loaded_by(modules, suspects):
    """Which of the suspect packages a fresh interpreter holds after importing these modules."""
    probe = f"import sys, {', '.join(modules)}; print(*sorted({set(suspects)!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("room", ROBOT_ROOMS)
def test_what_runs_on_the_robot_loads_without_torch_and_rclpy(room):
    assert loaded_by(modules_of(room), {"torch", "rclpy", "onnx", "matplotlib"}) == []


@pytest.mark.ros
def test_the_node_loads_without_torch():
    if missing_messages():
        pytest.skip(missing_messages())
    assert loaded_by([*modules_of("node"), "stf2m_ros.cli.play"], {"torch", "matplotlib"}) == []


def test_the_demo_needs_no_torch():
    assert loaded_by(["stf2m_ros.cli.demo", *modules_of("data/generated_faces")], {"torch"}) == []


def newer_than_python_3_8(source):
    """Each line that calls what Python 3.8 does not have."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in NEWER_METHODS:
            yield node.lineno, node.attr
        if isinstance(node, ast.keyword) and node.arg in NEWER_ARGUMENTS:
            yield node.value.lineno, node.arg


def test_nothing_asks_for_more_than_python_3_8():
    files = sorted((ROOT / "stf2m_ros").rglob("*.py"))
    found = {path.name: list(newer_than_python_3_8(path.read_text(encoding="utf-8"))) for path in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("path", sorted((ROOT / "config").rglob("*.yaml")), ids=lambda path: path.name)
def test_every_configuration_file_is_readable_yaml(path):
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted((ROOT / "config" / "rules").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_rule_base_loads_and_fits_the_engine(path):
    from stf2m_ros.fuzzy.rule_base import load_rule_base

    assert load_rule_base(path).table().codes.shape == (64, 12)


def test_a_robot_needs_no_typing_extensions():
    files = [path for room in (*ROBOT_ROOMS, "node", "data") for path in (ROOT / "stf2m_ros" / room).rglob("*.py")]
    assert [path.name for path in files if "typing_extensions" in path.read_text(encoding="utf-8")] == []


def test_rosdep_never_puts_torch_on_a_robot():
    package = ElementTree.parse(ROOT / "package.xml").getroot()
    wanted = [each.text for each in package if each.tag == "depend" or each.tag.endswith("_depend")]
    assert "rclpy" in wanted
    assert [name for name in wanted if "torch" in name] == []


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.stem)
def test_requirements_are_pinned_and_name_no_index(path):
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert all("==" in line for line in lines)
    assert not any("://" in line or line.startswith("-") for line in lines)
