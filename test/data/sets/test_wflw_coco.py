import json

import pytest
from set_fixtures import face_points, facs_labelling, real

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.data.sets.wflw_coco import WflwCoco
from stf2m_ros.emotions import CLASS_NAMES


def annotation(points, image_id=2):
    keypoints = [value for x, y in points.tolist() for value in (x, y, 1)]
    return {"image_id": image_id, "id": 7, "keypoints": keypoints, "num_keypoints": 98, "bbox": [1, 2, 3, 4]}


def write_json(path, annotations):
    images = [{"id": 2, "file_name": "a.jpg", "height": 400, "width": 400}]
    path.write_text(json.dumps({"categories": [], "images": images, "annotations": annotations}, indent=4))
    return path


def test_annotations_become_faces_of_their_pictures(tmp_path):
    path = write_json(tmp_path / "w.json", [annotation(face_points())] * 2 + [annotation(face_points(smile=1))])
    read = list(clips(WflwCoco(path, facs_labelling())))
    assert [CLASS_NAMES[clip.labels[0].class_index] for clip in read] == ["neutral", "neutral", "happiness-high"]
    assert {clip.subject for clip in read} == {"a.jpg"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"keypoints": [1, 2, 3]}, "expected keypoints of 3 x 98 values, found 3 values"),
        ({"keypoints": "none"}, "expected keypoints that are numbers, found none"),
        ({"image_id": 99}, "expected the file_name of its image, found 99"),
    ],
)
def test_a_broken_annotation_is_named_or_left_out(tmp_path, change, said):
    whole = annotation(face_points())
    path = write_json(tmp_path / "w.json", [whole, {**whole, **change}])
    with pytest.raises(BrokenFileError, match=f"w.json, annotation number 2: {said}"):
        list(clips(WflwCoco(path, facs_labelling())))
    left_out = LeftOut(skip_broken=True)
    assert len(list(clips(WflwCoco(path, facs_labelling(), left_out=left_out)))) == 1 == len(left_out.broken)


def test_json_that_is_none_tells_the_line(tmp_path):
    path = tmp_path / "w.json"
    path.write_text('{\n"images": [\n')
    with pytest.raises(BrokenFileError, match="w.json, line 2: expected JSON"):
        list(clips(WflwCoco(path, facs_labelling())))
    path.write_text("[]")
    with pytest.raises(BrokenFileError, match="expected a list of images, found list"):
        list(clips(WflwCoco(path, facs_labelling())))


def test_the_real_file_holds_four_faces_whose_pictures_can_be_cut():
    folder = real("wflw")
    read = list(clips(WflwCoco(folder / "test_wflw.json", facs_labelling(), folder)))
    assert len(read) == 4 and len({clip.subject for clip in read}) == 2
    assert all(clip.frames.shape == (1, 112, 112, 3) and clip.frames.std() > 10 for clip in read)
