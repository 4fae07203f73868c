"""How far labels and rules are believed beside each other, by how many labels there are and how many of them are wrong.

    python bench/witness_trust.py [--bundle models/generated_faces] [--clips 30] [--data PATH]

Expressions of unseen generated people, or of a set of your own, ten draws of labels a line. What stands under
"believed" was read off the labels alone, in front of it what is true of them. The rules' weight is that of their
evidence, which is 1 where nothing is learned (stf2m_ros/baselines/witness_trust.py).
"""

from pathlib import Path
from typing import Callable, Dict, NamedTuple

import numpy as np
from measuring.unseen_people import asked

from stf2m_ros.baselines.witness_trust import witness_trust
from stf2m_ros.evaluation.laboratory.encoded_data import EncodedData
from stf2m_ros.evaluation.laboratory.few_labels import (
    FEW_SHARE,
    WRONG_SHARE,
    expressions,
    few_with_wrong_labels,
    shots_of_each_class,
)
from stf2m_ros.evaluation.laboratory.method_runs import open_laboratory
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.window_training import FuzzyInputs

Draw = Callable[[TokenCache, int], TokenCache]
"""Clips and a seed -> what of them is labelled, and how."""

DRAWS: Dict[str, Draw] = {
    "20 %, 30 % wrong": lambda clips, seed: few_with_wrong_labels(clips, FEW_SHARE, WRONG_SHARE, seed),
    "20 %": lambda clips, seed: few_with_wrong_labels(clips, FEW_SHARE, 0.0, seed),
    "5 of each class": lambda clips, seed: shots_of_each_class(clips, 5, seed),
    "10 of each class": lambda clips, seed: shots_of_each_class(clips, 10, seed),
    "all, 30 % wrong": lambda clips, seed: few_with_wrong_labels(clips, 1.0, WRONG_SHARE, seed),
    "all": lambda clips, seed: clips,
}
SEEDS = range(10)


class Believed(NamedTuple):
    """Of one draw."""

    count: int
    wrong_share: float
    labels: float
    rules: float


def believed(clips: TokenCache, draw: Draw, seed: int, fuzzy: FuzzyInputs) -> Believed:
    """clips: all, with the labels that are true; those of a draw that are none of these were given another label."""
    labelled, true = draw(clips, seed), {id(track) for track in clips.tracks}
    wrong = [id(track) not in true for track in labelled.tracks]
    return Believed(len(labelled), float(np.mean(wrong)), *witness_trust(labelled, fuzzy))


def main() -> None:
    bundle, data, _ = asked(__doc__, Path("out/bench/witness_trust"))
    encoded = EncodedData(data, bundle)
    laboratory = open_laboratory(encoded, bundle, 1)
    clips, fuzzy = expressions(encoded.judged(), laboratory.grid), laboratory.new_model(0).fuzzy
    print(f"{'':20s}{'labels':>8s}{'right %':>10s}{'believed %':>16s}{'weight of rules':>20s}")
    for name, draw in DRAWS.items():
        count, wrong, labels, rules = np.array([believed(clips, draw, seed, fuzzy) for seed in SEEDS]).T
        spread = f"{100 * labels.mean():8.0f} ± {100 * labels.std(ddof=1):3.0f}"
        print(
            f"{name:20s}{count.mean():8.0f}{100 - 100 * wrong.mean():10.0f}{spread:>16s}"
            f"{rules.mean():13.2f} ± {rules.std(ddof=1):.2f}"
        )


if __name__ == "__main__":
    main()
