"""One assembled window -> what the window head says of its segments, and the rules beside it."""

from typing import Dict

import numpy as np

from stf2m_ros.runtime.bundle import Bundle
from stf2m_ros.runtime.rule_witness import with_rules_heard
from stf2m_ros.runtime.segment_values import SegmentValues
from stf2m_ros.runtime.token_store import TokenStore
from stf2m_ros.stream.segment_text import SegmentText
from stf2m_ros.stream.time_window import WindowArrays


class WindowJudge:
    """Feeds the window head: what changes from window to window, and the bundle's rules, ranges and last layer."""

    def __init__(self, bundle: Bundle, tokens: TokenStore) -> None:
        self._tokens = tokens
        self._temperature = bundle.card.temperature
        self._rules = len(bundle.rules.names)
        self._rule_share = bundle.card.fuzzy.rule_share
        self._constant_inputs = constant_inputs(bundle)

    def judge(self, window: WindowArrays, text: SegmentText) -> SegmentValues:
        """What both say. A window in which nobody was seen or heard is not shown to the head."""
        if not window.frame_presence.any() and not text.presence.any():
            return SegmentValues.nothing(len(text.presence))
        inputs = {
            "frame_presence": window.frame_presence,
            "words": text.vectors[None],
            "word_presence": text.presence[None],
        }
        held = window.frame_presence[0] > 0
        outputs = self._tokens.judge(window.rows, held, {**inputs, **self._constant_inputs})
        values = SegmentValues.from_head(outputs, self._temperature, self._rules)
        return with_rules_heard(values, held, self._rule_share)


def constant_inputs(bundle: Bundle) -> Dict[str, np.ndarray]:
    """The inputs of the window head that a bundle fixes."""
    rules, fuzzy = bundle.rules, bundle.card.fuzzy
    return {
        "rule_codes": rules.codes,
        "rule_weights": rules.weights,
        "rule_free": rules.free,
        "rule_emotion": rules.emotion,
        "rule_level": rules.level,
        "fuzzy_ranges": np.array([fuzzy.component_range, fuzzy.intensity_range], np.float32),
        "last_layer": bundle.last_layer,
    }
