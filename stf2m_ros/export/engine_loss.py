"""What other engines lose against float32 on ONNX Runtime: on golden clips, generated of persons never trained on."""

from dataclasses import dataclass
from typing import Dict, List, Mapping, NamedTuple

import numpy as np

from stf2m_ros.data.generated_faces.clip import generate_clip
from stf2m_ros.data.generated_faces.settings import GeneratorSettings
from stf2m_ros.data.slots import slot_track
from stf2m_ros.export.int8_calibration import BATCH
from stf2m_ros.runtime.bundle import Bundle
from stf2m_ros.runtime.bundle_engines import open_onnx_engines
from stf2m_ros.runtime.engine import Engine
from stf2m_ros.runtime.window_judge import constant_inputs
from stf2m_ros.stream.frame_preprocessing import normalise

_SEED = 8000


@dataclass(frozen=True)
class Loss:
    """How far engines are from float32, over all clips."""

    tokens_rms: float  # of the tokens' difference, as a share of their own
    tokens_worst: float  # largest difference, as a share of the largest token
    logits_worst: float  # largest difference
    same_class: float  # share of segments
    accuracy: float  # over 19 classes
    accuracy_fp32: float
    segments: int


class EnginePair(NamedTuple):
    """Both graphs of a bundle, on whatever runs them."""

    frame_encoder: Engine
    window_head: Engine


class _Judged(NamedTuple):
    tokens: np.ndarray  # (T, R, D)
    logits: np.ndarray  # (S, 19)


class _Golden(NamedTuple):
    faces: np.ndarray  # (T, 3, H, W) normalised
    truth: np.ndarray  # (S,) class of each segment
    exact: _Judged


def measure_losses(bundle: Bundle, pairs: Mapping[str, EnginePair], clips: int) -> Dict[str, Loss]:
    """Each pair on whole generated clips without words. Closes nothing.

    On ONNX Runtime a graph with Q/DQ nodes says what it means: TensorRT computes the same but for rounding.
    """
    onnx = open_onnx_engines(bundle)
    golden = [_golden(bundle, EnginePair(onnx.frame_encoder, onnx.window_head), _SEED + n) for n in range(clips)]
    onnx.close()
    return {name: _loss(golden, [_judge(bundle, pair, each.faces) for each in golden]) for name, pair in pairs.items()}


def _golden(bundle: Bundle, exact: EnginePair, seed: int) -> _Golden:
    grid, preprocessing = bundle.card.grid, bundle.card.preprocessing
    clip = generate_clip(seed, GeneratorSettings(people="validation", size_px=preprocessing.size_px))
    faces = normalise(clip.frames[: grid.slots], preprocessing)
    middle = slice(grid.slots_per_segment // 2, None, grid.slots_per_segment)
    return _Golden(faces, slot_track(clip, grid).class_index[middle], _judge(bundle, exact, faces))


def _judge(bundle: Bundle, pair: EnginePair, faces: np.ndarray) -> _Judged:
    """Of a window whose slots all hold a face."""
    grid, text = bundle.card.grid, bundle.card.text
    batches = np.split(faces, range(BATCH, len(faces), BATCH))
    tokens = np.concatenate([pair.frame_encoder.run({"faces": batch})["tokens"] for batch in batches])
    window = {
        "tokens": tokens[None],
        "frame_presence": np.ones((1, grid.slots), np.float32),
        "words": np.zeros((1, grid.segments, text.dim), np.float32),
        "word_presence": np.zeros((1, grid.segments), np.float32),
        **constant_inputs(bundle),
    }
    return _Judged(tokens, pair.window_head.run(window)["logits"][0])


def _loss(golden: List[_Golden], found: List[_Judged]) -> Loss:
    exact = [each.exact for each in golden]
    tokens, exact_tokens = (np.stack([each.tokens for each in some]) for some in (found, exact))
    logits, exact_logits = (np.stack([each.logits for each in some]) for some in (found, exact))
    truth = np.stack([each.truth for each in golden])
    said, exactly_said = (each[:, : truth.shape[1]].argmax(-1) for each in (logits, exact_logits))
    truth = truth[:, : said.shape[1]]
    return Loss(
        tokens_rms=float(np.sqrt(np.square(tokens - exact_tokens).mean() / np.square(exact_tokens).mean())),
        tokens_worst=float(np.abs(tokens - exact_tokens).max() / np.abs(exact_tokens).max()),
        logits_worst=float(np.abs(logits - exact_logits).max()),
        same_class=float((said == exactly_said).mean()),
        accuracy=float((said == truth).mean()),
        accuracy_fp32=float((exactly_said == truth).mean()),
        segments=truth.size,
    )
