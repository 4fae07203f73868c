"""Every study by its name, as a command line names it. A study is loaded when it is asked for: some need PyTorch."""

from importlib import import_module
from typing import Tuple

from stf2m_ros.evaluation.study import Study

_STUDIES = {
    "accuracy": "accuracy.Accuracy",
    "robustness": "robustness.Robustness",
    "few_shot": "few_shot.FewShot",
    "ablation": "ablation.Ablation",
    "fuzzy_ranges": "fuzzy_ranges.FuzzyRanges",
    "cross_dataset": "cross_dataset.CrossDataset",
    "robot": "robot.Robot",
    "speed": "speed.Speed",
}
NAMES: Tuple[str, ...] = tuple(_STUDIES)


def open_study(name: str) -> Study:
    """The study of that name. Raises KeyError for an unknown one, ImportError where what it needs is missing."""
    module, class_name = _STUDIES[name].split(".")
    return getattr(import_module(f"{__package__}.{module}"), class_name)()
