import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict

import fakes
import numpy as np
import pytest
import yaml

from stf2m_ros.emotions import CLASS_NAMES
from stf2m_ros.runtime import bundle as bundles
from stf2m_ros.runtime.bundle import BundleMismatch, BundleNotFound, load_bundle, read_card, write_card

RULES = """
name: mine
rules:
  - {name: my rule, class: happiness, scale: free, when: {mouth_corners: raised}}
  - {name: calm, class: neutral, scale: fixed, when: {mouth_corners: normal}}
"""


def message_of(folder: Path, **arguments: Path) -> str:
    with pytest.raises(BundleMismatch) as caught:
        load_bundle(folder, **arguments)
    message = str(caught.value)
    assert "\n" not in message
    assert "expected" in message
    return message


def edit_card(folder: Path, change: Callable[[Dict[str, Any]], object]) -> None:
    path = folder / "bundle.yaml"
    plain = yaml.safe_load(path.read_text())
    change(plain)
    path.write_text(yaml.safe_dump(plain, sort_keys=False))


def test_a_written_bundle_is_read_back_as_it_was(tiny_bundle_folder: Path) -> None:
    bundle = load_bundle(tiny_bundle_folder)
    assert replace(bundle.card, files={}) == fakes.tiny_card()
    assert bundle.last_layer.shape == (19, 129)
    assert bundle.rules.codes.shape == (64, 12)
    assert bundle.path("frame_encoder.onnx").is_file()


def test_a_missing_folder_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFound, match="expected a model bundle, found no such folder"):
        load_bundle(tmp_path / "nowhere")


def test_a_folder_without_a_card_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFound, match="found a folder without bundle.yaml"):
        load_bundle(tmp_path)


@pytest.mark.parametrize("name", bundles.BUNDLE_FILES)
def test_one_changed_byte_in_any_file_is_found(bundle_folder: Path, name: str) -> None:
    content = bytearray((bundle_folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle_folder / name).write_bytes(bytes(content))
    message = message_of(bundle_folder)
    assert name in message
    assert "expected sha256" in message


def test_a_missing_file_is_named(bundle_folder: Path) -> None:
    (bundle_folder / "text_table.npz").unlink()
    assert "text_table.npz: expected a file with sha256" in message_of(bundle_folder)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda card: card.update(format_version=99, later="key"), "expected format_version 1, found 99"),
        (lambda card: card.pop("format_version"), "expected format_version 1, found none"),
        (lambda card: card.update(colour="red"), "unknown key 'colour', expected one of name, model_version"),
        (lambda card: card["grid"].update(slot="0.1"), "grid: unknown key 'slot'"),
        (lambda card: card["grid"].update(slot_s=0), "grid: expected slot_s above 0"),
        (lambda card: card.pop("caveat"), "key 'caveat' is missing, expected"),
        (lambda card: card["classes"].pop(), "expected 19 classes, found 18"),
        (lambda card: card["classes"].reverse(), "expected classes[0] to be happiness-low, found neutral"),
        (lambda card: card["components"].__setitem__(5, "ear"), "expected components[5] to be nose, found ear"),
        (lambda card: card["files"].pop("rules.yaml"), "expected files to list rules.yaml, found it missing"),
        (lambda card: card["files"].update({"../x": "0"}), "expected a plain file name in files, found '../x'"),
        (lambda card: card.update(temperature=0), "temperature above 0, found 0"),
        (lambda card: card["fuzzy"].update(rule_share=1.0), "rule_share from 0 to below 1, found 1.0"),
        (lambda card: card["fuzzy"].update(component_range=0), "fuzzy: expected component_range above 0, found 0"),
    ],
)
def test_a_card_with_a_mistake_says_expected_and_found(
    bundle_folder: Path, change: Callable[[Dict[str, Any]], object], message: str
) -> None:
    edit_card(bundle_folder, change)
    assert message in message_of(bundle_folder)


def test_a_card_from_before_the_rules_were_heard_means_the_network_alone(bundle_folder: Path) -> None:
    edit_card(bundle_folder, lambda card: card["fuzzy"].pop("rule_share"))
    assert read_card(bundle_folder).fuzzy.rule_share == 0.0


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a: [", "\x00\x01", "just words"])
def test_a_card_that_is_no_mapping_is_a_mismatch(bundle_folder: Path, text: str) -> None:
    (bundle_folder / "bundle.yaml").write_text(text)
    assert "bundle.yaml: expected" in message_of(bundle_folder)


def test_a_card_that_is_no_text_is_a_mismatch(bundle_folder: Path) -> None:
    (bundle_folder / "bundle.yaml").write_bytes(b"\xff\xfe\x80")
    assert "expected YAML" in message_of(bundle_folder)


def test_the_card_alone_can_be_read_without_the_other_files(bundle_folder: Path) -> None:
    for name in bundles.BUNDLE_FILES:
        (bundle_folder / name).unlink()
    assert read_card(bundle_folder).classes == CLASS_NAMES


def test_rules_that_are_not_there_are_named(tiny_bundle_folder: Path) -> None:
    message = message_of(tiny_bundle_folder, rules_file=Path("/nowhere/mine.yaml"))
    assert message == "/nowhere/mine.yaml: expected a file of rules, found no such file"


def test_a_users_rules_replace_the_bundles_own(tiny_bundle_folder: Path, tmp_path: Path) -> None:
    rules = tmp_path / "mine.yaml"
    rules.write_text(RULES)
    assert load_bundle(tiny_bundle_folder, rules_file=rules).rules.names == ("my rule", "calm")


def test_a_rule_with_an_unknown_component_is_a_mismatch(tiny_bundle_folder: Path, tmp_path: Path) -> None:
    rules = tmp_path / "mine.yaml"
    rules.write_text(RULES.replace("mouth_corners", "left_ear", 1))
    message = message_of(tiny_bundle_folder, rules_file=rules)
    assert "left_ear" in message
    assert "mine.yaml" in message


def test_a_users_rules_that_are_not_there_are_a_mismatch(tiny_bundle_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleMismatch, match="nowhere.yaml"):
        load_bundle(tiny_bundle_folder, rules_file=tmp_path / "nowhere.yaml")


def rewrite_last_layer(folder: Path, **arrays: np.ndarray) -> None:
    np.savez(folder / "last_layer.npz", **arrays)
    write_card(folder, fakes.tiny_card())


def test_a_last_layer_of_another_shape_is_a_mismatch(bundle_folder: Path) -> None:
    rewrite_last_layer(bundle_folder, weight=np.zeros((19, 64), np.float32))
    assert "last_layer.npz: expected (19, 129) float32, found (19, 64) float32" in message_of(bundle_folder)


def test_a_last_layer_without_its_array_is_a_mismatch(bundle_folder: Path) -> None:
    rewrite_last_layer(bundle_folder, bias=np.zeros(19, np.float32))
    assert "expected an array 'weight'" in message_of(bundle_folder)


@pytest.mark.parametrize("kept", [0, 0.5, 0.99])
def test_a_last_layer_that_is_cut_off_is_a_mismatch(bundle_folder: Path, kept: float) -> None:
    path = bundle_folder / "last_layer.npz"
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    write_card(bundle_folder, read_card(bundle_folder))
    assert "last_layer.npz: expected an array 'weight', found " in message_of(bundle_folder)


def test_a_last_layer_that_would_run_code_is_refused(bundle_folder: Path) -> None:
    rewrite_last_layer(bundle_folder, weight=np.array([object()], dtype=object))
    assert "expected an array 'weight'" in message_of(bundle_folder)


def test_a_card_is_written_only_for_a_complete_folder(bundle_folder: Path) -> None:
    (bundle_folder / "window_head.onnx").unlink()
    with pytest.raises(BundleMismatch, match="found no window_head.onnx"):
        write_card(bundle_folder, fakes.tiny_card())


def test_a_mended_bundle_loads_again(bundle_folder: Path, tiny_bundle_folder: Path) -> None:
    (bundle_folder / "rules.yaml").write_text("broken")
    message_of(bundle_folder)
    shutil.copyfile(tiny_bundle_folder / "rules.yaml", bundle_folder / "rules.yaml")
    assert load_bundle(bundle_folder).card.name == "tiny"
