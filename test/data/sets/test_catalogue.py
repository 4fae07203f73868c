import pytest
from set_fixtures import face_points, facs_labelling, wflw_line, write_csd, write_disfa_labels, write_picture

from stf2m_ros.data.sets.broken import LeftOut
from stf2m_ros.data.sets.catalogue import NAMES, open_data_set
from stf2m_ros.data.sets.disfa import Disfa
from stf2m_ros.data.sets.disfa_list import DisfaList
from stf2m_ros.data.sets.mosei import Mosei
from stf2m_ros.data.sets.wflw import Wflw
from stf2m_ros.data.sets.wflw_coco import WflwCoco


def opened(name, path):
    return open_data_set(name, path, LeftOut(), facs_labelling())


def test_every_set_of_the_method_has_a_name():
    wanted = {"ckplus", "ckplus48", "disfa", "wflw", "mosei", "mosi", "crema_d", "meld", "manifest"}
    assert set(NAMES) == wanted


def test_the_form_of_disfa_is_told_by_what_stands_there(tmp_path):
    write_disfa_labels(tmp_path / "tree", "SN001", {}, rows=3)
    assert isinstance(opened("disfa", tmp_path / "tree"), Disfa)
    (tmp_path / "a_img_path_1.txt").write_text("SN001/f_0.png\n")
    (tmp_path / "a_label_1.txt").write_text("0 " * 12)
    assert isinstance(opened("disfa", tmp_path), DisfaList)
    assert isinstance(opened("disfa", tmp_path / "a_label_1.txt"), DisfaList)
    with pytest.raises(FileNotFoundError, match="expected DISFA with ActionUnit_Labels, or one pair of lists"):
        opened("disfa", tmp_path / "tree" / "ActionUnit_Labels")


def test_the_form_of_wflw_is_told_by_what_stands_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="found neither"):
        opened("wflw", tmp_path)
    (tmp_path / "faces.json").write_text("{}")
    assert isinstance(opened("wflw", tmp_path), WflwCoco)
    for part in ("train", "test"):
        (tmp_path / f"list_98pt_rect_attr_{part}.txt").write_text(wflw_line(face_points(), "a.jpg"))
    data_set = opened("wflw", tmp_path)
    assert isinstance(data_set, Wflw) and data_set.list_file.name == "list_98pt_rect_attr_train.txt"


def test_sequences_are_found_by_their_names(tmp_path):
    write_csd(tmp_path / "CMU_MOSEI_Labels.csd", "All Labels", {"v": ([[0.0] * 7], [[0, 1]])})
    data_set = opened("mosei", tmp_path)
    assert isinstance(data_set, Mosei) and data_set.files.visual is None


def test_of_a_folder_of_meld_the_training_part_is_read_or_the_only_table(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"expected train_sent_emo.csv or one other .*, found none of them"):
        opened("meld", tmp_path)
    dev, test, train = (tmp_path / f"{part}_sent_emo.csv" for part in ("dev", "test", "train"))
    dev.write_text("")
    assert opened("meld", tmp_path).table == opened("meld", dev).table == dev
    test.write_text("")
    with pytest.raises(FileNotFoundError, match="found dev_sent_emo.csv, test_sent_emo.csv"):
        opened("meld", tmp_path)
    train.write_text("")
    assert opened("meld", tmp_path).table == train


def test_what_cannot_be_opened_says_why(tmp_path):
    with pytest.raises(ValueError, match="expected a data set of ckplus, .* found 'imagenet'"):
        opened("imagenet", tmp_path)
    with pytest.raises(FileNotFoundError, match="expected the data set ckplus48, found nothing"):
        opened("ckplus48", tmp_path / "absent")
    write_picture(tmp_path / "fear" / "S001_001_00000001.png")
    with pytest.raises(ValueError, match="disfa: expected fuzzy rules, which label it, found none"):
        open_data_set("disfa", tmp_path, LeftOut())
    assert len(list(open_data_set("ckplus48", tmp_path, LeftOut()).recordings())) == 1
