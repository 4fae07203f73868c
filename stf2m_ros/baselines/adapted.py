"""A network judged with other weights than its own."""

from typing import Dict

import torch
from torch import Tensor
from torch.func import functional_call

from stf2m_ros.baselines.method import Judge
from stf2m_ros.meta.window_batches import WindowBatch
from stf2m_ros.meta.window_training import WindowModel, segment_words
from stf2m_ros.net.stf2m import HeadInputs, HeadOutputs


def head_inputs(model: WindowModel, batch: WindowBatch) -> HeadInputs:
    """The windows as the head takes them."""
    words, word_presence = segment_words(model.text(), torch.from_numpy(batch.word_ids))
    return HeadInputs(torch.from_numpy(batch.tokens), torch.from_numpy(batch.frame_presence), words, word_presence)


def judge_with(model: WindowModel, head: Dict[str, Tensor]) -> Judge:
    """The model with these parameters of its head."""

    def judge(batch: WindowBatch) -> HeadOutputs:
        return functional_call(model.head, head, (head_inputs(model, batch), *model.fuzzy, head["last_layer"]))

    return judge
