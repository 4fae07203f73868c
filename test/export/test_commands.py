"""The commands that add a file to a bundle."""

import pytest
from training_files import ROOT

from stf2m_ros.export import cpu_encoder, cpu_head, quantise


@pytest.mark.parametrize("command", [cpu_encoder, cpu_head, quantise])
def test_a_folder_that_is_no_bundle_is_told_in_one_line(command, tmp_path, capsys):
    assert command.main(["--bundle", str(tmp_path / "nowhere")]) == 1
    told = capsys.readouterr().err
    assert told.endswith("nowhere: expected a model bundle, found no such folder\n") and told.count("\n") == 1


def test_no_clips_to_calibrate_with_are_refused(capsys):
    assert quantise.main(["--bundle", str(ROOT / "models/generated_faces"), "--clips", "0"]) == 1
    assert capsys.readouterr().err == "quantise: expected at least one clip to calibrate with, found 0\n"
