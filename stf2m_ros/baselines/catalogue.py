"""The methods by name, as `--method` has them."""

from dataclasses import dataclass
from functools import partial
from typing import Callable, Dict, Sequence, Tuple

import torch
from torch.nn.utils import clip_grad_norm_

from stf2m_ros.baselines.gradient_based import ANIL, FIRST_ORDER_MAML, MAML, GradientBased
from stf2m_ros.baselines.last_layer_levels import LastLayerLevels
from stf2m_ros.baselines.metacrl import MetaCRL
from stf2m_ros.baselines.method import Budget, Given, Method
from stf2m_ros.baselines.proto_net import ProtoNet
from stf2m_ros.baselines.relation_net import RelationNet
from stf2m_ros.baselines.reptile import Reptile
from stf2m_ros.baselines.rules_alone import RulesAlone
from stf2m_ros.baselines.single_level import SingleLevel
from stf2m_ros.baselines.supervised import Supervised
from stf2m_ros.baselines.two_levels import TwoLevels
from stf2m_ros.meta.meta_training import InnerSettings
from stf2m_ros.meta.training_loop import learning_rate


@dataclass(frozen=True)
class Entry:
    """title: as tables have it. plain_head: it is given the plain head, not the window head of ST-F2M."""

    title: str
    make: Callable[[Given], Method]
    plain_head: bool = True


OURS = "st-f2m"
ONE_EMOTION = "st-f2m-tasks"
SINGLE_LEVEL = "single-level"
RULES = "rules-alone"
METHODS: Dict[str, Entry] = {
    "supervised": Entry("Supervised", Supervised),
    "maml": Entry("MAML", partial(GradientBased, inner=MAML)),
    "fomaml": Entry("MAML, first order", partial(GradientBased, inner=FIRST_ORDER_MAML)),
    "reptile": Entry("Reptile", Reptile),
    "protonet": Entry("ProtoNet", ProtoNet),
    "relationnet": Entry("RelationNet", RelationNet),
    "anil": Entry("ANIL", partial(GradientBased, inner=ANIL)),
    "metacrl": Entry("MetaCRL", MetaCRL),
    RULES: Entry("ST-F2M's fuzzy rules alone, nothing learned", RulesAlone, plain_head=False),
    SINGLE_LEVEL: Entry("ST-F2M, single level", SingleLevel, plain_head=False),
    ONE_EMOTION: Entry("ST-F2M, tasks of one emotion", partial(TwoLevels, inner=InnerSettings()), plain_head=False),
    OURS: Entry("ST-F2M (ours)", LastLayerLevels, plain_head=False),
}


def chosen_methods(names: Sequence[str]) -> Tuple[str, ...]:
    """The names in the catalogue's order; all where none is given. Raises ValueError for one that is not there."""
    unknown = sorted(set(names) - METHODS.keys())
    if unknown:
        raise ValueError(f"method: expected some of {', '.join(METHODS)}, found {', '.join(unknown)}")
    return tuple(name for name in METHODS if not names or name in names)


def fit(method: Method, budget: Budget) -> None:
    """In place; the same budget and seed give the same weights. Raises FloatingPointError where the loss diverges."""
    settings = budget.optimiser
    moved = [weight for weight in method.module.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(moved, lr=settings.rate, weight_decay=settings.weight_decay)
    method.module.train()
    for step in range(settings.steps):
        optimiser.param_groups[0]["lr"] = learning_rate(step, settings)
        loss = torch.stack(list(method.losses(step).values())).sum()
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {float(loss.detach())} at step {step}; lower the rate")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        clip_grad_norm_(moved, settings.clip_norm)
        optimiser.step()
    method.module.eval()
