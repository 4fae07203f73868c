from stf2m_ros.cli.needed import missing_line


def test_what_is_not_installed_is_named_with_what_installs_it():
    line = missing_line("train", ("json", "no_such_package", "nor_this"))
    assert line == "train: no_such_package, nor_this not found; pip install -r requirements/train.txt"


def test_nothing_is_said_where_nothing_is_missing():
    assert missing_line("evaluate", ("json", "pathlib")) == ""
