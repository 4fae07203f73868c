"""How far the fuzzy rules may be believed: how often they are right on generated faces, by how hard they fire.

    python bench/rule_trust.py [--bundle models/generated_faces] [--clips 30] [--data PATH]

Unseen generated people, clean and with 30 % of the face covered by a block and by a mask; or a set of your own. The
last line is the sharpness with which the rules' word is most likely (`SHARPNESS` of stf2m_ros/fuzzy/rule_evidence.py).
"""

from pathlib import Path
from typing import List, NamedTuple

import numpy as np
import torch
from measuring.unseen_people import asked

from stf2m_ros.baselines.weighed_labels import fired_emotions
from stf2m_ros.emotions import INTENSITIES, NEUTRAL_INDEX
from stf2m_ros.evaluation.interference.corruptions import CLEAN, Corruption
from stf2m_ros.evaluation.laboratory.encoded_data import EncodedData
from stf2m_ros.evaluation.laboratory.method_runs import open_laboratory
from stf2m_ros.fuzzy.rule_evidence import believed
from stf2m_ros.meta.window_batches import Cut

VIEWS = {
    "clean": CLEAN,
    "block over 30 %": Corruption("block_mask", 0.3, 0),
    "mask over 30 %": Corruption("face_mask", 0.3, 0),
}
STRENGTHS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.01)
SHARPNESSES = np.arange(0.25, 6.01, 0.25)


class Witnessed(NamedTuple):
    """Labelled segments: fired (K, 6) and the emotion that was shown, (K,)."""

    fired: torch.Tensor
    emotion: torch.Tensor

    def right_by_strength(self) -> str:
        strength, right = self.fired.amax(-1), (self.fired.argmax(-1) == self.emotion).float()
        cells = []
        for low, high in zip(STRENGTHS, STRENGTHS[1:]):
            there = (strength >= low) & (strength < high)
            cells.append(f"{100 * float(right[there].mean()):7.0f}" if there.any() else "      -")
        return "".join(cells)

    def surprise(self, sharpness: float) -> float:
        """Mean negative logarithm of what is believed of the emotion that was shown."""
        said = believed(self.fired.numpy(), float(sharpness))[np.arange(len(self.emotion)), self.emotion.numpy()]
        return float(-np.log(said).mean())


def witnessed(encoded: EncodedData, bundle: Path, view: Corruption) -> Witnessed:
    """What the rules say of every emotional segment."""
    laboratory, clips = open_laboratory(encoded, bundle, 1), encoded.judged(view)
    fuzzy, slots = laboratory.new_model(0).fuzzy, laboratory.grid.slots
    cuts = [
        Cut(clip, at, min(slots, len(track) - at))
        for clip, track in enumerate(clips.tracks)
        for at in range(0, len(track), slots)
    ]
    batch = laboratory.windows(clips).cut(cuts)
    shown = torch.from_numpy(batch.class_index).long()
    emotional = (shown >= 0) & (shown != NEUTRAL_INDEX)
    fired = fired_emotions(torch.from_numpy(batch.read_states)[emotional], fuzzy)
    return Witnessed(fired, shown[emotional] // len(INTENSITIES))


def main() -> None:
    bundle, data, _ = asked(__doc__, Path("out/bench/rule_trust"))
    encoded = EncodedData(data, bundle)
    print(f"{'strongest rule fires at':26s}" + "".join(f"{low:7.1f}" for low in STRENGTHS[:-1]) + "   sharpness")
    found: List[Witnessed] = []
    for name, view in VIEWS.items():
        found.append(witnessed(encoded, bundle, view))
        best = min(SHARPNESSES, key=found[-1].surprise)
        print(f"{name + ', right %':26s}{found[-1].right_by_strength()}{best:12.2f}")
    together = Witnessed(*(torch.cat(parts) for parts in zip(*found)))
    print(f"{'all together':26s}{together.right_by_strength()}{min(SHARPNESSES, key=together.surprise):12.2f}")


if __name__ == "__main__":
    main()
