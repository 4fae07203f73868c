"""What the benches of the rules are asked: a bundle, and people whom it never saw."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from stf2m_ros.data.rule_labels import RuleLabelling
from stf2m_ros.evaluation.data_choice import open_data
from stf2m_ros.evaluation.study import CLAIMS, EvaluationData
from stf2m_ros.runtime.bundle import load_bundle


class Asked(NamedTuple):
    bundle: Path
    data: EvaluationData
    work: Path


def asked(description: str, work: Path) -> Asked:
    """Off the command line: generated people, or a set of one's own."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=Path("models/generated_faces"))
    parser.add_argument("--data", default="generated")
    parser.add_argument("--clips", type=int, default=30)
    parser.add_argument("--work", type=Path, default=work)
    options = parser.parse_args()
    bundle = load_bundle(options.bundle)
    labelling = RuleLabelling(bundle.rules, bundle.card.fuzzy.component_range, bundle.card.fuzzy.intensity_range)
    size = replace(CLAIMS, clips=options.clips, training_clips=2)
    return Asked(options.bundle, open_data(options.data, size, options.work, labelling), options.work)
