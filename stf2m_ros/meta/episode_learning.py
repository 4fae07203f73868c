"""Learning in episodes: a fresh last layer for each, zero at first, adapted to a few examples and judged on others.

Zero, because the classes of an episode are numbered at random: nothing that is known before may prefer one of them.
The first inner step then makes prototypes of the last layer, and later ones reach the rest of the head.
Source: METHOD section 4.
"""

from typing import Callable, Dict, List, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.meta.devices import device_of
from stf2m_ros.meta.episodes import ClassEpisodes
from stf2m_ros.meta.inner_loop import Params, adapt, taped_gradient
from stf2m_ros.meta.losses import SegmentLoss
from stf2m_ros.meta.meta_training import LAST_LAYER, MetaLearner, MetaTrainingSettings, WindowTensors
from stf2m_ros.meta.processes import ALONE, Processes
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.net.stf2m import HeadOutputs

_CERTAINTY = 1.96  # standard errors on each side of a mean: 95 %
_EPISODES = 1  # sets the numbers that episodes are drawn by apart from those of tasks


class EpisodeLearner:
    """A meta-learner in episodes. settings: how the inner loop steps, and what an episode is."""

    def __init__(self, learner: MetaLearner, episodes: ClassEpisodes, settings: MetaTrainingSettings) -> None:
        self.learner, self.episodes, self.inner = learner, episodes, settings.inner
        self.loss = SegmentLoss(settings.loss, np.ones(episodes.settings.ways))

    def adapted(self, support: WindowTensors) -> Params:
        """The head's parameters for this episode; under LAST_LAYER the fresh one, (ways, E + 1)."""
        params = dict(self.learner.head_params())
        shape = (self.episodes.settings.ways, params[LAST_LAYER].shape[1])
        params[LAST_LAYER] = torch.zeros(shape, device=device_of(self.learner), requires_grad=True)
        return adapt(
            lambda p: self.windows_loss(p, support),
            params,
            self._rates(),
            self.inner.steps,
            self.inner.first_order,
            taped_gradient,
        )

    def _rates(self) -> Params:
        settings = self.episodes.settings
        rates = {} if settings.last_layer_only else self.learner.step_sizes()
        return {**rates, LAST_LAYER: torch.tensor(settings.fresh_rate, device=device_of(self.learner))}

    def windows_loss(self, params: Params, windows: WindowTensors) -> Tensor:
        return torch.stack(list(self.loss(self.outputs(params, windows), windows.targets).values())).sum()

    def outputs(self, params: Params, windows: WindowTensors) -> HeadOutputs:
        """Logits (B, S, ways) of the head with these parameters."""
        model, own = self.learner.model, {name: each for name, each in params.items() if name != LAST_LAYER}
        return functional_call(model.head, own, (windows.inputs, *model.fuzzy, params[LAST_LAYER]))

    def query_loss(self, seed: "tuple[int, ...]") -> Tensor:
        """Of the adapted parameters on the query examples of one episode."""
        support, query = self.tensors(seed)
        return self.windows_loss(self.adapted(support), query)

    def accuracy(self, seed: "tuple[int, ...]") -> float:
        """Share of the query examples of one episode that are named rightly; an example has one answer."""
        support, query = self.tensors(seed)
        params = {name: value.detach() for name, value in self.adapted(support).items()}
        with torch.no_grad():
            logits = self.outputs(params, query).logits.cpu()
        return float(np.mean(right_answers(logits, query.targets.class_index.cpu())))

    def tensors(self, seed: "tuple[int, ...]") -> List[WindowTensors]:
        vectors = self.learner.model.text()
        return [self.learner.tensors(part, vectors) for part in self.episodes.task(seed)]


class EpisodeScore(NamedTuple):
    """Mean accuracy of so many episodes; the true one lies within half_width of it with 95 %."""

    accuracy: float
    half_width: float
    episodes: int


def episode_score(learner: EpisodeLearner, episodes: int, seed: int = 0) -> EpisodeScore:
    """episodes: at least 2."""
    learner.learner.eval()
    found = np.array([learner.accuracy((seed, index)) for index in range(episodes)])
    return EpisodeScore(float(found.mean()), float(_CERTAINTY * found.std(ddof=1) / np.sqrt(episodes)), episodes)


def right_answers(logits: Tensor, class_index: Tensor) -> List[bool]:
    """One for each example with a labelled segment: its answer is the likeliest class over its labelled segments.

    logits: (B, S, ways), class_index: (B, S).
    """
    right = []
    for said, expected in zip(logits.softmax(-1), class_index):
        labelled = expected != UNLABELLED
        if labelled.any():
            right.append(bool(said[labelled].mean(0).argmax() == expected[labelled][0]))
    return right


class WithEpisodes:
    """The losses of outer step `step`, and beside them those of our share of its episodes."""

    def __init__(
        self,
        losses_at: Callable[[int], Losses],
        learner: EpisodeLearner,
        seed: int,
        processes: Processes = ALONE,
    ) -> None:
        per_step = learner.episodes.settings.per_step
        self.losses_at, self.learner, self.seed, self.per_step = losses_at, learner, seed, per_step
        self.own = range(per_step)[processes.share(per_step)]

    def __call__(self, step: int) -> Losses:
        found = [self.learner.query_loss((self.seed, step, index, _EPISODES)) for index in self.own]
        losses: Dict[str, Tensor] = dict(self.losses_at(step))
        return {**losses, "episodes": torch.stack(found).sum() / self.per_step}
