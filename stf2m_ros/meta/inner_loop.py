"""The inner loop: a few steps from meta-learned weights to a task's own. Source: paper Eq. 1 and 6."""

from typing import Callable, Dict

import torch
from torch import Tensor
from torch.func import grad

Params = Dict[str, Tensor]
Loss = Callable[[Params], Tensor]
Gradient = Callable[[Loss, Params], Params]


def adapt(
    loss: Loss,
    params: Params,
    step_sizes: Params,
    steps: int,
    first_order: bool,
    gradient: Gradient = lambda f, p: grad(f)(p),
) -> Params:
    """theta' = theta - alpha * grad L(support; theta), `steps` times; a pure function, so it can be differentiated.

    step_sizes: alpha by parameter name, broadcast against the parameter; parameters without one stay as they are.
    first_order: take the gradient as a constant, so that the outer loop does not differentiate through it.
    gradient: how to differentiate; `taped_gradient` is faster where nothing is mapped over tasks.
    """
    for _ in range(steps):
        moving = {name: params[name] for name in step_sizes}
        grads = gradient(lambda moved, fixed=params: loss({**fixed, **moved}), moving)
        if first_order:
            grads = {name: value.detach() for name, value in grads.items()}
        params = {**params, **{name: moving[name] - step_sizes[name] * grads[name] for name in moving}}  # Eq. 1
    return params


def taped_gradient(loss: Loss, params: Params) -> Params:
    """The gradient by torch's own tape, itself differentiable. The parameters must require gradients."""
    with torch.enable_grad():  # also where only the adapted loss is wanted, as in validation
        return dict(zip(params, torch.autograd.grad(loss(params), list(params.values()), create_graph=True)))
