"""Where the files are that came with the package: beside its source, or where ROS 2 has installed it."""

import os
from pathlib import Path
from typing import Iterator, Union

PACKAGE = "stf2m_ros"
MODELS = "models"


def shipped(path: Union[str, Path]) -> Path:
    """The file or folder of that path, such as config/rules/facs.yaml. Raises FileNotFoundError."""
    for place in _places():
        if (place / path).exists():
            return place / path
    searched = " or ".join(map(str, _places())) or "any place that ROS 2 knows"
    raise FileNotFoundError(f"{path}: expected it to come with {PACKAGE}, found none in {searched}")


def find_bundle(name: str) -> Path:
    """The folder of a bundle: a path as it is, a bare name below the models that came with the package.

    A bare name means the same in every working directory; there, a folder is ./name. Raises FileNotFoundError.
    """
    if not name:
        raise FileNotFoundError("bundle: expected a folder or the name of an installed model, found nothing")
    if os.sep in name or name in (os.curdir, os.pardir) or name.startswith("~"):
        return Path(os.path.expanduser(name))
    folders = [place / MODELS for place in _places()]
    for folder in folders:
        if (folder / name).is_dir():
            return folder / name
    models = {each.name for folder in folders if folder.is_dir() for each in folder.iterdir() if each.is_dir()}
    there = ", ".join(sorted(models)) or "none"
    raise FileNotFoundError(f"bundle: expected a path such as ./{name}, or an installed one ({there}), found {name!r}")


def _places() -> Iterator[Path]:
    """The source tree first, if the package runs from it: so code and files are of one version."""
    source = Path(__file__).resolve().parents[1]
    if (source / "package.xml").is_file():
        yield source
    try:
        from ament_index_python.packages import get_package_share_directory  # where ROS 2 is

        yield Path(get_package_share_directory(PACKAGE))
    except (ImportError, LookupError, OSError):  # OSError: ROS 2 is there, but was not set up in this shell
        return
