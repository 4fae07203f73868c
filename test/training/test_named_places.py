from pathlib import Path

import pytest
from training_files import ROOT, write_training_config

from stf2m_ros.cli import train

SHIPPED = str(ROOT / "models/generated_faces")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"bundle_folder": "a_file"}, "bundle_folder: expected a folder, found the file "),
        ({"work_folder": "a_file/in/it"}, "work_folder: expected a folder, found the file "),
        ({"rules": "nothere.yaml"}, "rules: expected a file of rules, found "),
        ({"rules": "a_file"}, "rules: a_file: expected the keys name"),
        ({"start_from": "nothere"}, "start_from: expected the folder of a bundle, found no nothere/frame_encoder.onnx"),
        (
            {"start_head_from": "nothere"},
            "start_head_from: expected the folder of a bundle, found no nothere/window_head.onnx",
        ),
        (
            {"start_from": "broken"},
            "start_from: broken/frame_encoder.onnx: expected a graph of a bundle, found a file that is none",
        ),
        ({"start_from": SHIPPED}, "encoder: expected width 24 and token_dim 64, as "),
        ({"word_vectors": "nothere"}, "word_vectors: expected clips or a GloVe file, found no file nothere"),
        (
            {"pretraining": {"imagenet_weights": "nothere.pth"}},
            "pretraining.imagenet_weights: expected a file of weights, found no file nothere.pth",
        ),
        (
            {"pretraining": {"imagenet_weights": "a_file.pth"}},
            "a_file.pth: expected a state dict of tensors alone, found a file that is none",
        ),
        ({"data_sets": [{"name": "melt", "path": "."}]}, "data_sets[0].name: expected one of ckplus, "),
        (
            {"data_sets": [{"name": "manifest", "path": "a_file"}, {"name": "meld", "path": "nothere"}]},
            "data_sets[1].path: expected the data set meld, found nothing at nothere",
        ),
        (
            {"data_sets": [{"name": "meld", "path": ".", "pictures": "nothere"}]},
            "data_sets[0].pictures: expected a folder, found none at nothere",
        ),
    ],
)
def test_what_is_not_there_is_told_with_its_key_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, settings: dict, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a_file").write_text("")
    Path("a_file.pth").write_text("<html>not found</html>")
    Path("broken").mkdir()
    Path("broken/frame_encoder.onnx").write_text("version https://git-lfs.github.com/spec/v1")  # not fetched
    assert train.main(["--config", str(write_training_config(tmp_path, **settings))]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"train: {complaint}")
    assert not (tmp_path / "work").exists()
