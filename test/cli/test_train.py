from typing import List

import pytest

from stf2m_ros.cli.train import build_line


def test_what_tensorrt_lacks_is_said_and_nothing_is_built() -> None:
    asked: List[str] = []
    line = build_line("pycuda is not installed for this Python", lambda: asked.append("build") or 0)
    assert "not built, pycuda is not installed for this Python" in line
    assert not asked


@pytest.mark.parametrize(("code", "said"), [(0, "built for this machine"), (1, "not built, for the reason above")])
def test_with_tensorrt_the_engines_are_built_and_how_it_ended_is_said(code: int, said: str) -> None:
    assert said in build_line("", lambda: code)
