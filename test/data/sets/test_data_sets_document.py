from set_fixtures import ROOT

from stf2m_ros.cli.label import main
from stf2m_ros.data.label_table import COLUMNS
from stf2m_ros.data.sets.catalogue import NAMES
from stf2m_ros.data.sets.manifest import KEYS

DOCUMENT = (ROOT / "docs" / "data_sets.md").read_text(encoding="utf-8")


def test_the_document_names_every_set_every_column_of_a_manifest_and_of_the_table():
    assert [name for name in NAMES if f"`{name}`" not in DOCUMENT] == []
    assert [key for key in KEYS if key not in DOCUMENT] == []
    assert ", ".join(COLUMNS) in DOCUMENT


def test_the_manifest_of_the_document_is_one(tmp_path, capsys):
    table = DOCUMENT.split("```csv\n")[1].split("```")[0]
    (tmp_path / "manifest.csv").write_text(table)
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "anna.mp4").write_bytes(b"")
    (tmp_path / "anna.srt").write_bytes(b"")
    assert main(["count", "manifest", str(tmp_path / "manifest.csv")]) == 1
    assert "line 3: expected a folder of frames" in capsys.readouterr().err
    (tmp_path / "ben_pictures").mkdir()
    (tmp_path / "ben_pictures" / "1.png").write_bytes(b"")
    assert main(["count", "manifest", str(tmp_path / "manifest.csv")]) == 0
    assert "2 clips of 2 subjects" in capsys.readouterr().out
