"""How far a method's two witnesses, labels and rules, are to be believed: read off the labels themselves [ours].

A plain classifier says what the encoder's tokens show, having learned from other people's labels alone. How well it and
the rules together foretell labels that it has not seen tells at once
- how often labels are right: one coin for all, as of Dawid and Skene (1979), and a wrong one names any other emotion
  (who always takes one emotion for the same other teaches that, and is not found out);
- how much the rules add to what labels teach;
- how sure the classifier may be, which nobody asks.
What is believed is the mean over all that may be, each as likely as it makes the labels. Before any is seen, labels are
doubted as if ten had been, three of them wrong: a few that agree with each other are no proof.
"""

from typing import List, NamedTuple, Tuple

import numpy as np
import torch
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stf2m_ros.baselines.weighed_labels import evidence_of_states
from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NEUTRAL_INDEX
from stf2m_ros.fuzzy.components import NUM_COMPONENTS
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.window_training import FuzzyInputs

_RELIABILITIES = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.97])
_RULE_WEIGHTS = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.25])
_SHARPNESSES = np.array([0.5, 1.0, 2.0, 4.0])
_RIGHT_BEFORE, _WRONG_BEFORE = 7, 3
_FOLDS, _REGULARISATION = 10, 0.01
_UNTAUGHT = -6.0
"""What the classifier says of an emotion that it was not taught: the logarithm of next to nothing."""


class WitnessTrust(NamedTuple):
    """labels: how often they are right. rules: what their evidence counts beside so many labels."""

    labels: float
    rules: float


class Expressions(NamedTuple):
    """What clips show of one emotion each, N rows."""

    faces: np.ndarray  # (N, R * D) mean token of each region
    evidence: np.ndarray  # (N, 6) of the rules
    emotions: np.ndarray  # (N,) as labelled
    people: np.ndarray  # (N,) str


def witness_trust(clips: TokenCache, fuzzy: FuzzyInputs) -> WitnessTrust:
    """As the clips' labels have it; what is thought beforehand where there are none."""
    shown = expressions(clips, fuzzy)
    logits = _RULE_WEIGHTS[:, None, None, None] * shown.evidence + _SHARPNESSES[:, None, None] * foretold(shown)
    likely = softmax(logits, axis=-1)[..., np.arange(len(shown.emotions)), shown.emotions]  # (weights, sharpnesses, N)
    right = _RELIABILITIES[:, None, None, None]
    of_labels = np.log(right * likely + (1 - right) / (len(EMOTIONS) - 1) * (1 - likely)).sum(-1)
    before = _RIGHT_BEFORE * np.log(_RELIABILITIES) + _WRONG_BEFORE * np.log(1 - _RELIABILITIES)
    belief = softmax(of_labels + before[:, None, None])
    return WitnessTrust(float(belief.sum((1, 2)) @ _RELIABILITIES), float(belief.sum((0, 2)) @ _RULE_WEIGHTS))


def expressions(clips: TokenCache, fuzzy: FuzzyInputs) -> Expressions:
    """Each emotion of each clip in which it was seen."""
    faces: List[np.ndarray] = []
    states: List[np.ndarray] = []
    whose: List[Tuple[int, str]] = []
    for clip, track in enumerate(clips.tracks):
        tokens, present = clips.slot_tokens(clip, slice(None))
        emotion = np.where(track.class_index < NEUTRAL_INDEX, track.class_index // len(INTENSITIES), -1)
        emotion = np.where(present > 0, emotion, -1)
        for shown in np.unique(emotion[emotion >= 0]):
            faces.append(tokens[emotion == shown].mean(0).ravel())
            states.append(clips.slot_states(clip, slice(None))[emotion == shown].mean(0))
            whose.append((int(shown), track.subject))
    emotions, people = zip(*whose) if whose else ((), ())
    seen = torch.from_numpy(np.reshape(states, (-1, NUM_COMPONENTS)).astype(np.float32))
    return Expressions(
        np.reshape(faces, (-1, int(np.prod(clips.tokens.shape[1:])))),
        evidence_of_states(seen, fuzzy).numpy(),
        np.array(emotions, int),
        np.array(people, str),
    )


def foretold(shown: Expressions) -> np.ndarray:
    """(N, 6) log probabilities, each by what the labels of other people teach; zeros where they teach nothing."""
    found = np.zeros((len(shown.emotions), len(EMOTIONS)))
    folds = min(_FOLDS, len(np.unique(shown.people)))
    if folds < 2:
        return found
    for others, own in GroupKFold(folds).split(shown.faces, groups=shown.people):
        taught = np.unique(shown.emotions[others])
        if len(taught) > 1:
            classifier = make_pipeline(StandardScaler(), LogisticRegression(C=_REGULARISATION, max_iter=1000))
            said = classifier.fit(shown.faces[others], shown.emotions[others]).predict_log_proba(shown.faces[own])
            found[own] = _UNTAUGHT
            found[np.ix_(own, taught)] = np.maximum(said, _UNTAUGHT)
    return found
