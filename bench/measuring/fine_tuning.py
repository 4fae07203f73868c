"""A trained network brought to a few labelled clips: ways that any network has, and the inner loop of two levels."""

from dataclasses import dataclass
from typing import Callable, Dict, Iterator, Sequence, Tuple

import torch
from torch import Tensor
from torch.func import functional_call

from stf2m_ros.meta.inner_loop import Params, adapt, taped_gradient
from stf2m_ros.meta.losses import SegmentLoss
from stf2m_ros.meta.meta_training import LAST_LAYER, WindowTensors
from stf2m_ros.meta.window_batches import WindowBatch
from stf2m_ros.meta.window_training import WindowModel

GRADIENT, ADAM, LEARNED = "gradient", "adam", "learned"


@dataclass(frozen=True)
class Way:
    """How to bring a network to labelled clips. rate: of the steps; LEARNED takes those of the inner loop times it."""

    kind: str
    rate: float = 1.0
    last_layer_only: bool = False

    def __post_init__(self) -> None:
        if self.kind not in (GRADIENT, ADAM, LEARNED) or self.rate <= 0:
            raise ValueError(f"expected {GRADIENT}, {ADAM} or {LEARNED} with a rate above 0, found {self}")


def weights_over_steps(
    model: WindowModel, loss: SegmentLoss, support: WindowBatch, way: Way, steps: Sequence[int], learned: Params
) -> Iterator[Tuple[int, Dict[str, Tensor]]]:
    """The head's weights after each of these numbers of steps on all of the support set; the model stays as it is.

    learned: inner rates by parameter, for LEARNED.
    """
    with torch.no_grad():
        windows = WindowTensors(model.head_inputs(support, model.text()), support.targets())
    names = [LAST_LAYER] if way.last_layer_only else [name for name, _ in model.head.named_parameters()]
    params = {name: value.detach().clone().requires_grad_() for name, value in model.head.named_parameters()}
    take_step = _stepper(params, names, way, learned)

    def of_support(moved: Params) -> Tensor:
        out = functional_call(model.head, moved, (windows.inputs, *model.fuzzy, moved[LAST_LAYER]))
        return torch.stack(list(loss(out, windows.targets).values())).sum()

    for step in range(max(steps) + 1):
        if step in steps:
            yield step, {name: value.detach().clone() for name, value in params.items()}  # Adam goes on in place
        params = {name: value.detach().requires_grad_() for name, value in take_step(of_support, params).items()}


def _stepper(
    params: Params, names: Sequence[str], way: Way, learned: Params
) -> Callable[[Callable[[Params], Tensor], Params], Params]:
    if way.kind == ADAM:
        moved = [params[name] for name in names]
        optimiser = torch.optim.Adam(moved, lr=way.rate)

        def by_adam(of_support: Callable[[Params], Tensor], _: Params) -> Params:
            for value, gradient in zip(moved, torch.autograd.grad(of_support(params), moved, allow_unused=True)):
                value.grad = gradient
            optimiser.step()
            return params

        return by_adam
    rates = {name: way.rate * (learned[name].detach() if way.kind == LEARNED else torch.ones(())) for name in names}
    return lambda of_support, current: adapt(of_support, current, rates, 1, True, taped_gradient)
