"""WFLW rewritten in the manner of COCO: one JSON file with `images` and `annotations`.

On disk: each annotation holds `image_id`, `keypoints` (98 triples of x, y, visibility) and `bbox`; each image holds
`id` and `file_name`. Attributes are not kept in this form.

What becomes of the labels: as in wflw.py.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import numpy as np

from stf2m_ros.data.rule_labels import RuleLabelling
from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.face_reading import FaceReading
from stf2m_ros.data.sets.recording import FilmedRecording
from stf2m_ros.data.sets.text_files import read_lines
from stf2m_ros.data.sets.wflw import MarkedFace, marked_recordings
from stf2m_ros.fuzzy.landmarks import NUM_LANDMARKS

VALUES_PER_POINT = 3


@dataclass(frozen=True)
class WflwCoco:
    """One JSON file. images: the folder of the pictures, if at hand."""

    json_file: Path
    labelling: RuleLabelling
    images: Optional[Path] = None
    faces: FaceReading = field(default_factory=FaceReading)
    left_out: LeftOut = field(default_factory=LeftOut)
    name: str = "wflw"

    def marked_faces(self) -> List[MarkedFace]:
        content = self._content()
        pictures = {image.get("id"): image.get("file_name") for image in content["images"] if isinstance(image, dict)}
        entries = enumerate(content["annotations"], start=1)
        read = (self.left_out.attempt(self._face, number, entry, pictures) for number, entry in entries)
        return [face for face in read if face is not None]

    def recordings(self) -> Iterator[FilmedRecording]:
        yield from marked_recordings(self.json_file, self.marked_faces(), self.images, self.faces, self.labelling)

    def _content(self) -> Dict[str, List[Any]]:
        text = "\n".join(read_lines(self.json_file))
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise BrokenFileError(self.json_file, "JSON", error.msg, error.lineno) from error
        for key in ("images", "annotations"):
            if not isinstance(content, dict) or not isinstance(content.get(key), list):
                found = ", ".join(content) if isinstance(content, dict) else type(content).__name__
                raise BrokenFileError(self.json_file, f"a list of {key}", found)
        return content

    def _face(self, number: int, entry: Any, pictures: Dict[Any, Optional[str]]) -> MarkedFace:
        where = f"annotation number {number}"
        keypoints = entry.get("keypoints") if isinstance(entry, dict) else None
        try:
            values = np.array(keypoints, np.float32)
        except (TypeError, ValueError) as error:
            raise BrokenFileError(self.json_file, "keypoints that are numbers", keypoints, where) from error
        if values.shape != (VALUES_PER_POINT * NUM_LANDMARKS,) or not np.isfinite(values).all():
            found = "others" if values.ndim != 1 else f"{values.size} values"
            raise BrokenFileError(
                self.json_file, f"keypoints of {VALUES_PER_POINT} x {NUM_LANDMARKS} values", found, where
            )
        picture = pictures.get(entry.get("image_id"))
        if not picture:
            raise BrokenFileError(self.json_file, "the file_name of its image", entry.get("image_id"), where)
        return MarkedFace(number, values.reshape(NUM_LANDMARKS, VALUES_PER_POINT)[:, :2], picture, {})
