import csv
import subprocess
import sys

import pytest
from set_fixtures import ROOT, face_points, real, wflw_line, write_disfa_labels

from stf2m_ros.cli.label import main


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_disfa_becomes_a_table_and_a_picture(tmp_path, capsys):
    write_disfa_labels(tmp_path / "disfa", "SN001", {12: [0, 4, 4], 9: [0, 0, 0]}, rows=3)
    assert main(["disfa", str(tmp_path / "disfa"), "--out", str(tmp_path / "out")]) == 0
    table = read(tmp_path / "out" / "disfa_fer.csv")
    assert [row["label"] for row in table] == ["neutral", "happiness-medium", "happiness-medium"]
    assert [row["frame"] for row in table] == ["1", "2", "3"]
    assert (tmp_path / "out" / "disfa_fer.png").stat().st_size > 10_000
    said = capsys.readouterr().out
    assert "happiness-medium         2 rows   66.7 %" in said
    assert "rows with AU12 >= 3 and AU4 = 0 that are happiness: 2 of 2, 100.00 %" in said
    assert "rows a second, rules and writing alone: " in said


def test_wflw_is_labelled_from_landmarks(tmp_path):
    lines = [wflw_line(face_points(), "a.jpg")] * 2 + [wflw_line(face_points(smile=1), "b.jpg")]
    (tmp_path / "list_98pt_rect_attr_train.txt").write_text("".join(lines))
    assert main(["wflw", str(tmp_path), "--out", str(tmp_path)]) == 0
    assert [row["label"] for row in read(tmp_path / "wflw_fer.csv")] == ["neutral", "neutral", "happiness-high"]


def test_own_recordings_are_labelled_and_broken_ones_left_out_and_listed(tmp_path, capsys):
    (tmp_path / "u.csv").write_text("time_s,AU12,AU1,AU4,AU6,AU9,AU20,AU25\n0,0,0,0,0,0,0,0\n0.1,5,0,0,0,0,0,0\n")
    (tmp_path / "m.csv").write_text(
        "clip,subject,action_units,transcript\na,anna,u.csv,\nb,ben,absent.csv,\nc,cy,,t.srt\n"
    )
    (tmp_path / "t.srt").write_text("")
    command = ["manifest", str(tmp_path / "m.csv"), "--out", str(tmp_path)]
    assert main(command) == 1
    assert "m.csv, line 3: expected the action_units" in capsys.readouterr().err
    assert not (tmp_path / "manifest_fer.csv").exists()
    assert main([*command, "--skip-broken"]) == 0
    assert [(row["clip"], row["label"]) for row in read(tmp_path / "manifest_fer.csv")] == [
        ("a", "neutral"),
        ("a", "happiness-high"),
    ]
    said = capsys.readouterr().out
    assert said.count("left out: ") == 2 and "clip c: expected action_units or landmarks, found neither" in said


def test_where_every_face_is_left_out_the_reasons_are_told_and_a_former_table_stays(tmp_path, capsys):
    (tmp_path / "m.csv").write_text("clip,subject,action_units\na,anna,absent.csv\n")
    (tmp_path / "manifest_fer.csv").write_text("former")
    assert main(["manifest", str(tmp_path / "m.csv"), "--out", str(tmp_path), "--skip-broken"]) == 1
    why, end = capsys.readouterr().err.splitlines()
    assert "m.csv, line 2: expected the action_units" in why and "expected faces to label, found none" in end
    assert (tmp_path / "manifest_fer.csv").read_text() == "former"


def test_labels_of_any_set_can_be_counted(tmp_path, capsys):
    (tmp_path / "t.srt").write_text("")
    (tmp_path / "m.csv").write_text("clip,subject,transcript,labels\na,anna,t.srt,neutral 0-1; fear-low 1-2\n")
    assert main(["count", "manifest", str(tmp_path / "m.csv")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 clips of 1 subjects"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["disfa", "absent"], "absent: expected the data set disfa, found nothing"),
        (["manifest", "absent.csv", "--rules", "nowhere.yaml"], "nowhere.yaml"),
        (["disfa", ".", "--component-range", "0"], "component_range: expected above 0, found 0"),
        (["count", "disfa", ".", "--intensity-range", "nan"], "intensity_range: expected above 0, found nan"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_exit_code_1(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("label: ") and said in error and error.count("\n") == 1


def test_real_disfa_rows_get_the_labels_that_their_units_ask_for(tmp_path, capsys):
    assert main(["disfa", str(real("disfa")), "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("43,186 rows labelled")
    figures = [line.split(":") for line in said.splitlines() if "that are" in line]
    shares = {what: float(figure.split(", ")[-1].rstrip(" %")) for what, figure in figures}
    assert shares["rows without any action unit that are neutral"] == 100
    assert shares["rows with AU12 >= 3 and AU4 = 0 that are happiness"] >= 95
    assert shares["rows with AU9 >= 3 that are disgust"] >= 90


def test_labelling_needs_neither_torch_nor_ros():
    probe = (
        "import sys, stf2m_ros.cli.label; print(*sorted({'torch', 'rclpy', 'h5py', 'matplotlib'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
