"""What the card tells of how a bundle was trained."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stf2m_ros.export.to_onnx import round_to_half, shippable
from stf2m_ros.fuzzy.rule_base import load_rule_base
from stf2m_ros.meta.window_training import FuzzyInputs, WindowModel
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.runtime.bundle import WINDOW_HEAD_CPU_FILE, WINDOW_HEAD_FILE, load_bundle, read_card
from stf2m_ros.runtime.bundle_engines import open_onnx_engines
from stf2m_ros.runtime.made_graphs import cpu_file
from stf2m_ros.stream.settings import TextSettings
from stf2m_ros.training.bundle_writing import Trained, write_bundle
from stf2m_ros.training.config import TrainingConfig

RULES = Path(__file__).parents[2] / "config/rules/facs.yaml"


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    config = TrainingConfig(
        bundle_folder=str(tmp_path_factory.mktemp("bundle")),
        rules=str(RULES),
        text=TextSettings(buckets=64, rank=4),
        encoder=FrameEncoderConfig(width=8),
    )
    torch.manual_seed(0)
    rules = RuleTensors.from_table(load_rule_base(RULES).table(config.fuzzy.max_rules))
    model = WindowModel(config.head, config.text, ["well"], FuzzyInputs(rules, torch.tensor([0.3, 0.6]))).eval()
    round_to_half(model)
    encoder = shippable(FrameEncoder(config.encoder).eval())
    return config, Trained(encoder, model, temperature=1.5, component_labels=True)


def test_the_card_tells_the_ranges_that_the_model_was_fitted_to(untrained):
    config, trained = untrained
    card = read_card(write_bundle(config, trained, {"full_window": {"segments": 3}}))
    assert (card.fuzzy.component_range, card.fuzzy.intensity_range) == (0.3, 0.6)
    assert card.temperature == 1.5


def test_a_bundle_holds_a_window_head_for_onnx_runtime_too(untrained):
    config, trained = untrained
    folder = write_bundle(config, trained, {})
    bundle = load_bundle(folder)
    assert cpu_file(bundle, WINDOW_HEAD_FILE) == WINDOW_HEAD_CPU_FILE
    open_onnx_engines(bundle).close()


def test_explanations_that_no_label_ever_held_to_the_face_are_told_with_every_message(untrained):
    config, trained = untrained
    validated = read_card(write_bundle(config, trained, {}))
    unvalidated = read_card(write_bundle(config, trained._replace(component_labels=False), {}))
    assert validated.caveat == config.caveat
    assert validated.training["component_labels"] is True
    assert unvalidated.caveat.startswith(f"{config.caveat}; its explanations are unvalidated")
    assert unvalidated.training["component_labels"] is False


def test_lists_of_scores_are_rounded_too(untrained):
    config, trained = untrained
    card = read_card(write_bundle(replace(config, name="lists"), trained, {"surface": {"rows": [[0.123456]]}}))
    assert card.scores["surface"]["rows"] == [[0.1235]]
