"""MetaCRL: MAML on factors that are pulled apart, of which each task uses its own. Source: arXiv 2312.05771.

Built from the paper's text and what its authors published; where both stop short the reading is ours:
- Disentangling: embeddings become factors by a matrix; its columns are pushed towards being orthogonal. A small network
  reads the task's mean embedding and says how far each factor counts there; few shall (L1), and evenly among themselves
  (entropy), weighted as in their code.
- Causal module: the matrix and the gates learn at the outer level alone, from adaptations on different support sets of
  the same task [ours: each half of an episode is the other's support set], so that what holds in one alone is not kept.
"""

from typing import Optional

import torch
from torch import Tensor, nn
from torch.func import functional_call

from stf2m_ros.baselines.method import Given, Judge
from stf2m_ros.meta.inner_loop import Params, adapt, taped_gradient
from stf2m_ros.meta.losses import SegmentLoss, SegmentTargets
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.meta.window_batches import WindowBatch
from stf2m_ros.meta.window_training import WindowModel
from stf2m_ros.net.stf2m import HeadInputs, HeadOutputs

_HIDDEN = 32
ORTHOGONALITY, SPARSITY = 0.4, 0.2
STEPS, STEP_SIZE = 2, 0.1


class Factors(nn.Module):
    """Embeddings to factors, and how far each factor counts in a task."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.eye(width) + 0.05 * torch.randn(width, width))
        self.gate = nn.Sequential(nn.Linear(width, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, width), nn.Sigmoid())

    def gates(self, embedding: Tensor) -> Tensor:
        """embedding: (B, S, E) of a task's support set -> (E,)."""
        return self.gate(embedding.flatten(0, -2).mean(0) @ self.matrix)

    def entanglement(self) -> Tensor:
        """Mean absolute cosine between different columns."""
        unit = nn.functional.normalize(self.matrix, dim=0)
        cosines = (unit.T @ unit).abs()
        return (cosines.sum() - cosines.diagonal().sum()) / (cosines.numel() - len(cosines))


class MetaCRL:
    """One inner loop over the head, two support sets for every outer step."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.model: WindowModel = given.new_model()
        self.factors = Factors(self.model.head.last_layer.shape[1] - 1)
        self.module = nn.ModuleList([self.model, self.factors])
        self.loss = SegmentLoss(given.loss, given.counts)
        self.sampler = given.episodes()

    def losses(self, step: int) -> Losses:
        query, apart, sparse = [], [self.factors.entanglement()], []
        for index in range(self.given.budget.episodes):
            halves = self.sampler.task((self.given.seed, step, index))
            for support, asked in (halves, halves[::-1]):
                gates = self._gates(support)
                params = self._adapted(support, gates)
                query.append(self._loss(params, self._inputs(asked), asked.targets(), gates))
                sparse.append(gates.mean() - _entropy(gates))
        return {
            "query": torch.stack(query).mean(),
            "entanglement": ORTHOGONALITY * torch.stack(apart).mean(),
            "gates": SPARSITY * torch.stack(sparse).mean(),
        }

    def judge(self, support: Optional[WindowBatch]) -> Judge:
        """Without a support set the gates are those of some training clips, and nothing is adapted."""
        base = support if support is not None else self.sampler.support_set(1, (self.given.seed,))
        with torch.no_grad():
            gates = self._gates(base)
        params = self._params() if support is None else self._adapted(base, gates)
        params = {name: value.detach() for name, value in params.items()}
        return lambda batch: self._outputs(params, self._inputs(batch), gates)

    def _params(self) -> Params:
        return dict(self.model.head.named_parameters())

    def _inputs(self, batch: WindowBatch) -> HeadInputs:
        return self.model.head_inputs(batch, self.model.text())

    def _gates(self, support: WindowBatch) -> Tensor:
        return self.factors.gates(self.model(support).embedding)

    def _adapted(self, support: WindowBatch, gates: Tensor) -> Params:
        inputs, targets, params = self._inputs(support), support.targets(), self._params()
        rates = {name: torch.tensor(STEP_SIZE) for name in params}
        return adapt(
            lambda p: self._loss(p, inputs, targets, gates), params, rates, STEPS, False, gradient=taped_gradient
        )

    def _loss(self, params: Params, inputs: HeadInputs, targets: SegmentTargets, gates: Tensor) -> Tensor:
        return torch.stack(list(self.loss(self._outputs(params, inputs, gates), targets).values())).sum()

    def _outputs(self, params: Params, inputs: HeadInputs, gates: Tensor) -> HeadOutputs:
        out = functional_call(self.model.head, params, (inputs, *self.model.fuzzy, params["last_layer"]))
        factors = (out.embedding @ self.factors.matrix) * gates
        last_layer = params["last_layer"]
        logits = torch.matmul(factors, last_layer[:, :-1].T) + last_layer[:, -1]
        return out._replace(logits=logits, embedding=factors)


def _entropy(gates: Tensor) -> Tensor:
    """Of the gates as shares of their sum, 0 to 1."""
    share = gates / (gates.sum() + 1e-6)
    return -(share * torch.log(share + 1e-10)).sum() / torch.log(torch.tensor(float(len(gates))))
