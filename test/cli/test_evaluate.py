import json
from dataclasses import replace

import pytest
from fakes import write_tiny_bundle
from set_fixtures import face_points, wflw_line, write_picture

from stf2m_ros.baselines import catalogue
from stf2m_ros.cli.evaluate import METHODS, SETTINGS, STUDIES, main
from stf2m_ros.evaluation.running import Asked, run_studies
from stf2m_ros.evaluation.studies import few_shot
from stf2m_ros.evaluation.studies.catalogue import NAMES
from stf2m_ros.runtime.bundle import read_card, write_card


def a_set(folder, people=3):
    for subject in range(people):
        for emotion in ("happy", "fear"):
            write_picture(folder / emotion / f"S01{subject}_001_00000001.png", 50 + 20 * subject)
    return folder


def test_one_command_leaves_numbers_tables_figures_and_a_page(tmp_path, capsys):
    bundle, out = write_tiny_bundle(tmp_path / "bundle"), tmp_path / "out"
    options = ["--bundle", str(bundle), "--out", str(out), "--work", str(tmp_path / "work"), "--smoke"]
    assert main(["accuracy", "--data", str(a_set(tmp_path / "faces")), *options]) == 0
    run = json.loads((out / "results.json").read_text())["run"]
    assert len(run["data ckplus48"]) == len("sha256 ") + 64
    assert (run["seed"], run["size"]) == (0, "smoke")
    assert (out / "accuracy" / "confusion_6.png").stat().st_size > 5000
    assert (out / "results.md").exists()
    assert str(out / "index.html") in capsys.readouterr().out


def test_a_set_without_emotions_is_labelled_by_the_bundles_rules(tmp_path):
    bundle, out = write_tiny_bundle(tmp_path / "bundle"), tmp_path / "out"
    write_picture(tmp_path / "wflw" / "WFLW_images" / "face.png", size=120)
    lines = [wflw_line(face_points(smile=level), "face.png") for level in (0, 0, 0, 1)]
    (tmp_path / "wflw" / "list_98pt_rect_attr_train.txt").write_text("\n".join(lines) + "\n")
    options = ["--bundle", str(bundle), "--out", str(out), "--work", str(tmp_path / "work"), "--smoke"]
    assert main(["accuracy", "--data", f"wflw:{tmp_path / 'wflw'}", *options]) == 0
    (study,) = json.loads((out / "results.json").read_text())["studies"]
    assert study["facts"]["segments"] > 0


def test_more_rounds_go_on_from_those_that_are_kept(tmp_path, capsys):
    faces, bundle, work = a_set(tmp_path / "faces", people=5), tmp_path / "bundle", tmp_path / "work"
    faces = ["--data", str(faces), "--bundle", str(write_tiny_bundle(bundle)), "--work", str(work), "--smoke"]
    command = ["few_shot", *faces, "--method", "rules-alone", "--out", str(tmp_path / "out")]
    kept = []
    for rounds in ("2", "4"):
        assert main([*command, "--rounds", rounds]) == 0
        kept.append({file: file.stat().st_mtime_ns for file in work.rglob("few-rules-alone-*.json")})
    assert (len(kept[0]), len(kept[1])) == (2, 4)
    assert kept[0].items() <= kept[1].items()
    assert json.loads((tmp_path / "out" / "results.json").read_text())["run"]["rounds of studies that train"] == 4
    for none in ("1", "many"):
        with pytest.raises(SystemExit):
            main([*command, "--rounds", none])
        assert f"expected 2 or more, since no number stands without its spread; found {none}" in capsys.readouterr().err


def test_other_steps_are_another_result_and_one_setting_can_be_asked_for(tmp_path, capsys):
    work, out = tmp_path / "work", tmp_path / "out"
    bundle = ["--bundle", str(write_tiny_bundle(tmp_path / "bundle")), "--work", str(work), "--out", str(out)]
    faces = ["--data", str(a_set(tmp_path / "faces", people=5)), "--smoke", "--rounds", "2"]
    command = ["few_shot", *faces, *bundle, "--method", "rules-alone", "--setting", "few"]
    for steps in ("3", "4"):
        assert main([*command, "--steps", steps]) == 0
        (study,) = json.loads((out / "results.json").read_text())["studies"]
        assert study["facts"]["steps"] == int(steps)
    assert len(list(work.rglob("few-rules-alone-0.json"))) == 2
    assert not list(work.rglob("all-*.json"))
    capsys.readouterr()
    numbers = (("--steps", "0"), ("--clips", "0"), ("--clips", "-3"), ("--seed", "-1"))
    for wrong in (*numbers, ("--setting", "many"), ("--method", "ours")):
        with pytest.raises(SystemExit):
            main([*command, *wrong])
        assert wrong[1] in capsys.readouterr().err.splitlines()[-1]


def test_what_the_user_can_mend_is_one_line(tmp_path, capsys):
    assert main(["accuracy", "--data", str(tmp_path / "none"), "--out", str(tmp_path)]) == 1
    assert main(["accuracy", "--bundle", str(tmp_path / "none"), "--clips", "1", "--out", str(tmp_path)]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2
    assert all(line.startswith("evaluate: ") for line in lines)


def report_of(out):
    return {name: (out / name).read_bytes() for name in ("results.json", "results.md", "index.html")}


@pytest.mark.parametrize("name", ["nothere.csv", "README.md", "picture.png"])
def test_a_study_that_fails_alone_is_an_error_and_leaves_the_former_report(tmp_path, capsys, name):
    out, predictions = tmp_path / "out", tmp_path / name
    if name == "README.md":
        predictions.write_text("# No table\n")
    if name == "picture.png":
        write_picture(predictions)
    options = ["--bundle", str(write_tiny_bundle(tmp_path / "bundle")), "--out", str(out), "--smoke"]
    command = ["accuracy", "--data", str(a_set(tmp_path / "faces")), *options, "--work", str(tmp_path / "work")]
    assert main(command) == 0
    before = report_of(out)
    capsys.readouterr()
    assert main([*command, "--predictions", str(predictions)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1].startswith("evaluate: ") and name in said.err
    assert report_of(out) == before


@pytest.mark.parametrize("study", ["accuracy", "ablation"])
def test_a_bundle_whose_graph_cannot_be_read_leaves_no_report(tmp_path, capsys, study):
    bundle, out = write_tiny_bundle(tmp_path / "bundle"), tmp_path / "out"
    (bundle / "frame_encoder.onnx").write_bytes(b"no graph")
    write_card(bundle, read_card(bundle))
    options = ["--bundle", str(bundle), "--out", str(out), "--work", str(tmp_path / "work"), "--smoke"]
    assert main([study, "--data", str(a_set(tmp_path / "faces", people=5)), *options]) == 1
    assert "frame_encoder.onnx" in capsys.readouterr().err.splitlines()[-1]
    assert not (out / "results.json").exists()
    assert not list((tmp_path / "work").rglob("cells/**/*.json"))


def test_two_sets_of_one_kind_are_two_sets(tmp_path):
    bundle, out = write_tiny_bundle(tmp_path / "bundle"), tmp_path / "out"
    sets = [str(a_set(tmp_path / name, people)) for name, people in (("faces", 3), ("others", 4))]
    options = ["--bundle", str(bundle), "--out", str(out), "--work", str(tmp_path / "work"), "--smoke"]
    assert main(["cross_dataset", "--data", *sets, *options]) == 0
    report = json.loads((out / "results.json").read_text())
    assert report["run"]["data ckplus48"] != report["run"]["data ckplus48-2"]
    _, fitted = report["studies"][0]["tables"]
    names = ("ckplus48", "ckplus48-2")
    assert [row["heading"] for row in fitted["rows"]] == [[one, other] for one in names for other in names]


def test_two_bundles_of_one_name_are_two_bundles(tmp_path):
    bundles = [write_tiny_bundle(tmp_path / name) for name in ("before", "after")]
    write_card(bundles[1], replace(read_card(bundles[1]), temperature=2.0))
    options = [
        "--bundle",
        *map(str, bundles),
        "--out",
        str(tmp_path / "out"),
        "--work",
        str(tmp_path / "work"),
        "--smoke",
    ]
    assert main(["cross_dataset", "--data", str(a_set(tmp_path / "faces")), *options]) == 0
    report = json.loads((tmp_path / "out" / "results.json").read_text())
    assert report["run"]["bundle tiny 0"] != report["run"]["bundle tiny 0-2"]
    told = [row["heading"][0].partition(":")[0] for row in report["studies"][0]["tables"][0]["rows"]]
    assert told == ["tiny", "tiny-2"]


def test_of_several_studies_the_failed_ones_are_named_in_the_end(tmp_path, capsys):
    bundle, out = write_tiny_bundle(tmp_path / "bundle"), tmp_path / "out"
    faces = f"ckplus48:{a_set(tmp_path / 'faces')}"
    asked = Asked(
        studies=("accuracy", "robustness"),
        data=(faces,),
        bundles=(bundle,),
        out=out,
        work=tmp_path / "work",
        predictions=(str(tmp_path / "nothere.csv"),),
    )
    with pytest.raises(ValueError, match="accuracy failed of 2 studies"):
        list(run_studies(asked))
    failed, done = json.loads((out / "results.json").read_text())["studies"]
    assert "nothere.csv" in str(failed["tables"])
    assert done["facts"]["segments"] > 0


@pytest.mark.parametrize("option", ["--out", "--work"])
def test_a_folder_that_cannot_be_written_to_is_told_before_anything_is_judged(tmp_path, capsys, option):
    (tmp_path / "file").write_text("")
    folders = {"--out": str(tmp_path / "out"), "--work": str(tmp_path / "work"), option: str(tmp_path / "file" / "in")}
    options = [part for pair in folders.items() for part in pair]
    options += ["--bundle", str(write_tiny_bundle(tmp_path / "bundle"))]
    assert main(["accuracy", "--data", str(a_set(tmp_path / "faces")), *options]) == 1
    assert f"{option}: expected a folder that can be written to" in capsys.readouterr().err
    assert not (tmp_path / "out" / "results.json").exists()


@pytest.mark.parametrize(
    ("study", "unused"),
    [
        ("accuracy", ("--method", "st-f2m")),
        ("ablation", ("--setting", "few")),
        ("accuracy", ("--steps", "3")),
        ("robot", ("--rounds", "3")),
        ("few_shot", ("--predictions", "a.csv")),
    ],
)
def test_an_option_that_the_study_does_not_use_is_refused(capsys, study, unused):
    with pytest.raises(SystemExit):
        main([study, *unused])
    assert f"{unused[0]} is of " in capsys.readouterr().err.splitlines()[-1]


def test_the_command_line_offers_every_study_method_and_setting():
    assert (NAMES, tuple(catalogue.METHODS), few_shot.SETTINGS) == (STUDIES, METHODS, SETTINGS)
