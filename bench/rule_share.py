"""How far the rules are to be heard in what the robot says: accuracy and likelihood by their share, clean and covered.

    python bench/rule_share.py [--bundle models/generated_faces] [--clips 30] [--data PATH]

Unseen generated people, or a set of your own, clean and with 30 % of the face covered by a block, patches and a mask.
The share is the card's `fuzzy.rule_share`; the last column is over all four views. Beside each accuracy of six emotions
stands the mean log likelihood of the labelled one: the share that makes it highest on people like yours is the best.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Dict, List, NamedTuple

import numpy as np
from measuring.unseen_people import asked
from sklearn.metrics import log_loss

from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NEUTRAL_INDEX
from stf2m_ros.evaluation.interference.corruptions import CLEAN, Corruption
from stf2m_ros.evaluation.judging import judged_on
from stf2m_ros.evaluation.scores.metrics import SIX, answers
from stf2m_ros.evaluation.scores.scored import Scored
from stf2m_ros.evaluation.scores.subject_folds import paired_difference
from stf2m_ros.evaluation.study import EvaluationData
from stf2m_ros.runtime.bundle import load_bundle, write_card
from stf2m_ros.runtime.rule_witness import weighed_by_rules

VIEWS = {
    "clean": CLEAN,
    "block over 30 %": Corruption("block_mask", 0.3, 0),
    "patches over 30 %": Corruption("patch_mask", 0.3, 0),
    "mask over 30 %": Corruption("face_mask", 0.3, 0),
}
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


class Alone(NamedTuple):
    """What the network says without the rules, and their (K, 18) fuzzy values."""

    scored: Scored
    memberships: np.ndarray

    def heard(self, share: float) -> Scored:
        said = weighed_by_rules(self.scored.probabilities, self.memberships, share)
        return replace(self.scored, probabilities=said)


def right(scored: Scored) -> np.ndarray:
    """(K,) 1 where the emotion is the labelled one, of the segments with an emotion."""
    found = answers(scored, SIX)
    return (found.said == found.expected).astype(float)


def likelihood(scored: Scored) -> float:
    """Mean logarithm of what is said of the labelled emotion, of the segments of which anything was said."""
    chosen = (scored.expected != NEUTRAL_INDEX) & scored.probabilities[:, :NEUTRAL_INDEX].any(1)
    said = scored.probabilities[chosen, :NEUTRAL_INDEX].reshape(-1, len(EMOTIONS), len(INTENSITIES)).sum(-1)
    said = said / said.sum(-1, keepdims=True)
    return -float(log_loss(scored.expected[chosen] // len(INTENSITIES), said, labels=range(len(EMOTIONS))))


def judged_alone(data: EvaluationData, bundle: Path, work: Path) -> Dict[str, Alone]:
    """Every view of the data by the bundle's network."""
    with TemporaryDirectory() as folder:
        silent = Path(folder) / "rules_not_heard"
        shutil.copytree(bundle, silent)
        card = load_bundle(bundle).card
        write_card(silent, replace(card, fuzzy=replace(card.fuzzy, rule_share=0.0)))
        return {name: Alone(*judged_on(data, silent, work, view)) for name, view in VIEWS.items()}


def table(views: Dict[str, Alone]) -> List[str]:
    lines = [f"{'share of the rules':20s}" + "".join(f"{name:>24s}" for name in views) + f"{'all, ahead of 0':>24s}"]
    alone = np.concatenate([right(view.heard(0.0)) for view in views.values()])
    people = np.concatenate([answers(view.scored, SIX).subjects for view in views.values()])
    for share in SHARES:
        heard = [view.heard(share) for view in views.values()]
        cells = "".join(f"{100 * right(each).mean():14.1f} % {likelihood(each):8.3f}" for each in heard)
        gain = paired_difference(np.concatenate([right(each) for each in heard]), alone, people)
        lines.append(f"{share:<20.1f}{cells}{100 * gain.mean:8.1f} ({100 * gain.low:.1f} to {100 * gain.high:.1f})")
    return lines


def main() -> None:
    bundle, data, work = asked(__doc__, Path("out/bench/rule_share"))
    for line in table(judged_alone(data, bundle, work)):
        print(line)


if __name__ == "__main__":
    main()
