"""What an inference engine is to the runtime, and the names of the tensors of the two graphs of a bundle."""

from typing import Dict, Mapping, Protocol

import numpy as np

FRAME_ENCODER_INPUTS = ("faces",)
FRAME_ENCODER_OUTPUTS = ("tokens",)
WINDOW_HEAD_INPUTS = (
    "tokens",  # (1, T, R, D) region tokens, one row per slot, oldest first
    "frame_presence",  # (1, T) 1 where the slot holds a face
    "words",  # (1, S, 300) mean word vector of each segment
    "word_presence",  # (1, S) 1 where the segment holds a word
    "rule_codes",  # (J, 12)
    "rule_weights",  # (J, 12)
    "rule_free",  # (J,) 1 where the code is the fullest expression, 0 where it is this very level
    "rule_emotion",  # (J, 7) one-hot over the six emotions and neutral; all zero in padding rows
    "rule_level",  # (J, 3) one-hot level of a fixed rule; zero for free rules
    "fuzzy_ranges",  # (2,) membership ranges of components and of intensities
    "last_layer",  # (19, E + 1) weights and, in the last column, biases
)
WINDOW_HEAD_OUTPUTS = (
    "logits",  # (1, S, 19)
    "memberships",  # (1, S, 19) fuzzy value of each class, neutral last
    "components",  # (1, S, 12)
    "firing",  # (1, S, J) firing strength of each rule times its extent: what the rule contributes
    "embedding",  # (1, S, E) what the last layer sees
)


class Engine(Protocol):
    """Runs one graph. Arrays in, arrays out, by tensor name; float32 throughout."""

    def run(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]: ...

    def close(self) -> None: ...
