"""Names the code that made a kept result, so that one of older code is never taken for today's."""

import hashlib
from functools import lru_cache
from pathlib import Path

import stf2m_ros

JUDGING = (
    *("emotions.py", "stream", "runtime", "fuzzy", "data"),
    *("evaluation/interference", "evaluation/judging.py", "evaluation/data_choice.py"),
)
"""What a bundle's judgement of a clip depends on, beside the bundle and the clip."""
STUDYING = (
    *(*JUDGING, "net", "meta", "baselines", "evaluation/laboratory", "evaluation/studies", "evaluation/scores"),
    *("evaluation/robot_films.py", "evaluation/range_surface.py"),
)
"""What a study's result depends on."""


@lru_cache(maxsize=None)
def code_stamp(*parts: str) -> str:
    """Twelve letters for the sources of rooms or single files of this package. A comment that changes counts too."""
    package, digest = Path(stf2m_ros.__file__).parent, hashlib.sha256()
    for part in parts:
        path = package / part
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            digest.update(str(file.relative_to(package)).encode() + file.read_bytes())
    return digest.hexdigest()[:12]
