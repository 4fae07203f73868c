"""Labels weighed by the fuzzy rules, a second witness beside each. Source: METHOD section 3; this use of them is ours.

The rules need no example: what they say of component states is expert knowledge, so a wrong label cannot mislead them.
- What is learned is the emotion that label and rules both make likely: a label that the face contradicts counts for
  less. A label is believed to be right with the probability `reliability`, and else to name any other emotion.
- What is answered is weighed by what the rules say, as the paper weighs an emotion by its membership.
- The harder a rule fires the more it is believed (`stf2m_ros.fuzzy.rule_evidence`).
Where no rule fires, labels and answers stay as they are. Levels and neutral are the label's and the network's own.
How far either witness is to be believed: `stf2m_ros.baselines.witness_trust`.
"""

import torch
from torch import Tensor

from stf2m_ros.emotions import EMOTIONS, INTENSITIES
from stf2m_ros.fuzzy.rule_evidence import rule_evidence
from stf2m_ros.meta.losses import SegmentTargets
from stf2m_ros.meta.window_batches import WindowBatch
from stf2m_ros.meta.window_training import FuzzyInputs
from stf2m_ros.net.fuzzy_layer import fuzzy_signals

_EMOTIONS, _LEVELS = len(EMOTIONS), len(INTENSITIES)


def evidence_of(batch: WindowBatch, fuzzy: FuzzyInputs, weight: float = 1.0) -> Tensor:
    """(B, S, 6) of the states that the frozen read-out saw in the windows."""
    return weight * evidence_of_states(torch.from_numpy(batch.read_states), fuzzy)


def evidence_of_states(states: Tensor, fuzzy: FuzzyInputs) -> Tensor:
    """(..., 12) component states, NaN where nothing was read -> (..., 6), see stf2m_ros.fuzzy.rule_evidence."""
    return torch.from_numpy(rule_evidence(fired_emotions(states, fuzzy).numpy()))


def fired_emotions(states: Tensor, fuzzy: FuzzyInputs) -> Tensor:
    """(..., 12), NaN where nothing was read -> (..., 6) how hard a rule of each emotion fires, in [0, 1]."""
    read = ~torch.isnan(states).any(-1, keepdim=True)
    strengths = fuzzy_signals(torch.nan_to_num(states), *fuzzy).strengths * read
    return (strengths.unsqueeze(-1) * fuzzy.rules.emotion[:, :_EMOTIONS]).amax(-2)


def weighed_labels(targets: SegmentTargets, evidence: Tensor, reliability: float) -> SegmentTargets:
    """The same levels, shared among the emotions as label and rules together make them likely.

    evidence: (B, S, 6). reliability: how often a label is right, in (0, 1).
    """
    by_level = targets.shares[..., :-1].unflatten(-1, (_EMOTIONS, _LEVELS))
    given = by_level.sum(-1)  # (B, S, 6)
    emotional = given.sum(-1, keepdim=True)
    label = given / emotional.clamp(min=1e-6)
    another = (1 - reliability) / (_EMOTIONS - 1)
    both = (another + (reliability - another) * label) * evidence.exp()
    both = both / both.sum(-1, keepdim=True)
    moved = (both.unsqueeze(-1) * by_level.sum(-2).unsqueeze(-2)).flatten(-2)
    contradictable = (emotional > 0) & (evidence != 0).any(-1, keepdim=True)
    shares = torch.where(contradictable, moved, targets.shares[..., :-1])
    return targets._replace(shares=torch.cat([shares, targets.shares[..., -1:]], dim=-1))


def of_classes(evidence: Tensor) -> Tensor:
    """(..., 6) -> (..., 19), to be added to logits: the same for each level of an emotion, 0 for neutral."""
    levels = evidence.repeat_interleave(_LEVELS, dim=-1)
    return torch.cat([levels, torch.zeros_like(levels[..., :1])], dim=-1)
