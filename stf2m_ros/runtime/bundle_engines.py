"""Opens the two graphs of a bundle and checks that they are the graphs that its card describes."""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Dict, Iterator, Mapping, Tuple, Union

from stf2m_ros.runtime.bundle import WINDOW_HEAD_FILE, Bundle, BundleMismatch
from stf2m_ros.runtime.card import BundleCard
from stf2m_ros.runtime.int8_encoder import encoder_file
from stf2m_ros.runtime.made_graphs import cpu_file, require_same_source
from stf2m_ros.runtime.onnx_engine import EngineLoadError, OnnxEngine, Shape, shape_fits
from stf2m_ros.runtime.remembering_head import RememberingHead, open_head
from stf2m_ros.stream.time_window import TimeWindow


@dataclass(frozen=True)
class BundleEngines:
    """The engines of one bundle. Whoever opened them closes them."""

    frame_encoder: OnnxEngine
    window_head: Union[OnnxEngine, RememberingHead]

    def close(self) -> None:
        self.frame_encoder.close()
        self.window_head.close()


def open_onnx_engines(bundle: Bundle, threads: int = 1, precision: str = "fp32") -> BundleEngines:
    """Both graphs on ONNX Runtime. Raises BundleMismatch where a graph is broken or not of the card's shapes.

    precision: with int8 the frame encoder is the bundle's int8 one where it has one; all others are float32.
    """
    frame_encoder = _open_encoder(bundle, encoder_file(bundle, precision), threads)
    window_head = _open_head(bundle, cpu_file(bundle, WINDOW_HEAD_FILE), threads)
    return BundleEngines(frame_encoder, window_head)


def frame_encoder_shapes(card: BundleCard) -> Tuple[Dict[str, Shape], Dict[str, Shape]]:
    """Shapes of the inputs and outputs of the frame encoder; any number of faces at once."""
    size = card.preprocessing.size_px
    return {"faces": ("N", 3, size, size)}, {"tokens": ("N", card.tokens.regions, card.tokens.token_dim)}


def window_head_shapes(card: BundleCard) -> Tuple[Dict[str, Shape], Dict[str, Shape]]:
    """Shapes of the inputs and outputs of the window head."""
    slots, segments, rules = card.grid.slots, card.grid.segments, card.fuzzy.max_rules
    classes, components, embedding = len(card.classes), len(card.components), card.tokens.embedding_dim
    inputs: Dict[str, Shape] = {
        "tokens": (1, slots, card.tokens.regions, card.tokens.token_dim),
        "frame_presence": (1, slots),
        "words": (1, segments, card.text.dim),
        "word_presence": (1, segments),
        "rule_codes": (rules, components),
        "rule_weights": (rules, components),
        "rule_free": (rules,),
        "rule_emotion": (rules, 7),
        "rule_level": (rules, 3),
        "fuzzy_ranges": (2,),
        "last_layer": (classes, embedding + 1),
    }
    outputs: Dict[str, Shape] = {
        "logits": (1, segments, classes),
        "memberships": (1, segments, classes),
        "components": (1, segments, components),
        "firing": (1, segments, rules),
        "embedding": (1, segments, embedding),
    }
    return inputs, outputs


def token_rows(card: BundleCard) -> Tuple[int, int, int]:
    """Shape of the tokens that are kept for windows: rows, regions, token_dim."""
    return TimeWindow(card.grid).rows, card.tokens.regions, card.tokens.token_dim


def _open_encoder(bundle: Bundle, file_name: str, threads: int) -> OnnxEngine:
    with _mismatch():
        engine = OnnxEngine(bundle.path(file_name), threads)
    _check_engine(bundle, file_name, engine, *frame_encoder_shapes(bundle.card))
    return engine


def _open_head(bundle: Bundle, file_name: str, threads: int) -> Union[OnnxEngine, RememberingHead]:
    grid = bundle.card.grid
    with _mismatch():
        engine = open_head(bundle.path(file_name), threads, round(grid.hop_s / grid.segment_s))
    _check_engine(bundle, file_name, engine, *window_head_shapes(bundle.card))
    return engine


@contextmanager
def _mismatch() -> Iterator[None]:
    try:
        yield
    except EngineLoadError as error:
        raise BundleMismatch(str(error)) from error


def _check_engine(
    bundle: Bundle,
    file_name: str,
    engine: Union[OnnxEngine, RememberingHead],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Shape],
) -> None:
    path = bundle.path(file_name)
    _check_shapes(f"{path}: input", inputs, engine.input_shapes)
    _check_shapes(f"{path}: output", outputs, engine.output_shapes)
    require_same_source(bundle, file_name, engine.metadata)


def _check_shapes(what: str, expected: Mapping[str, Shape], found: Mapping[str, Shape]) -> None:
    if expected.keys() != found.keys():
        raise BundleMismatch(f"{what}s: expected {', '.join(sorted(expected))}, found {', '.join(sorted(found))}")
    for name, shape in expected.items():
        if not shape_fits(shape, found[name]):
            raise BundleMismatch(f"{what} {name}: expected shape {shape}, found {found[name]}")
