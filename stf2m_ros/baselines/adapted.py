"""A network judged with other weights than its own."""

from typing import Dict

from torch import Tensor
from torch.func import functional_call

from stf2m_ros.baselines.method import Judge
from stf2m_ros.meta.window_batches import WindowBatch
from stf2m_ros.meta.window_training import WindowModel
from stf2m_ros.net.stf2m import HeadOutputs


def judge_with(model: WindowModel, head: Dict[str, Tensor]) -> Judge:
    """The model with these parameters of its head."""

    def judge(batch: WindowBatch) -> HeadOutputs:
        inputs = model.head_inputs(batch, model.text())
        return functional_call(model.head, head, (inputs, *model.fuzzy, head["last_layer"]))

    return judge
