"""Training configurations on disk, for runs that end in seconds."""

from pathlib import Path
from typing import Any, Dict

import yaml

ROOT = Path(__file__).parents[1]
FEW_GENERATED: Dict[str, Any] = {
    "clips": {"training": 4, "validation": 2, "duration_s": 16.0, "workers": 1},
    "encoder": {"width": 8},
    "text": {"buckets": 128, "rank": 8},
}
"""A few generated people, and a network that learns from them quickly."""


def write_training_config(folder: Path, **settings: Any) -> Path:
    """<folder>/train.yaml, whose work and bundle folders stand beside it unless the settings say something else."""
    config = {
        "threads": 1,
        "work_folder": str(folder / "work"),
        "bundle_folder": str(folder / "bundle"),
        "rules": str(ROOT / "config/rules/facs.yaml"),
        **settings,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "train.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path
