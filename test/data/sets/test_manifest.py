import json

import numpy as np
import pytest
from set_fixtures import face_points, write_picture, write_video

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.manifest import Manifest
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.emotions import CLASS_NAMES
from stf2m_ros.fuzzy.components import COMPONENTS
from stf2m_ros.stream.transcript import TimedWord, Transcript, Utterance

SRT = "1\n00:00:00,500 --> 00:00:01,500\nI am fine\n\n2\n00:00:02,000 --> 00:00:03,000\nnot really\n"
CORNER = COMPONENTS.index("left_mouth_corner")


@pytest.fixture()
def folder(tmp_path):
    write_video(tmp_path / "videos" / "anna.mp4", frames=90, fps=30)
    for number in range(20):
        write_picture(tmp_path / "ben" / f"{number:03}.png", number)
    (tmp_path / "anna.srt").write_text(SRT)
    rows = "".join(f"{frame}, 0, {(frame - 1) / 30:.3f}, 0.9, 1, {frame / 30:.2f}, 1\n" for frame in range(1, 91))
    (tmp_path / "anna_au.csv").write_text("frame, face_id, timestamp, confidence, success, AU12_r, AU12_c\n" + rows)
    return tmp_path


def write_table(folder, text):
    path = folder / "manifest.csv"
    path.write_text(text)
    return path


TABLE = (
    "clip,subject,video,frames,frames_per_s,face,transcript,labels,action_units\n"
    "anna-1,anna,videos/anna.mp4,,,whole,anna.srt,neutral 0-1; happiness-high 1-3,anna_au.csv\n"
    "ben-1,ben,,ben,10,whole,,sadness,\n"
)


def test_a_table_of_a_video_and_a_folder_of_pictures_become_clips(folder):
    anna, ben = clips(Manifest(write_table(folder, TABLE)))
    assert (anna.clip_id, anna.subject, len(anna.frames)) == ("anna-1", "anna", 30)
    assert [(CLASS_NAMES[label.class_index], label.start_s, label.end_s) for label in anna.labels] == [
        ("neutral", 0, 1),
        ("happiness-high", 1, 3),
    ]
    assert [word.text for word in anna.words] == ["I", "am", "fine", "not", "really"]
    assert anna.words[0].start_s == 0.5 and anna.words[-1].end_s == 3.0
    assert (ben.subject, len(ben.frames), ben.words) == ("ben", 20, ())
    assert CLASS_NAMES[ben.labels[0].class_index] == "sadness-medium" and ben.labels[0].end_s == pytest.approx(2.0)


def test_action_units_such_as_openfaces_become_the_components_of_the_frames(folder):
    anna, ben = clips(Manifest(write_table(folder, TABLE)))
    assert anna.components[:, CORNER] == pytest.approx((anna.frame_s * 30 + 1) / 30 / 5, abs=0.01)
    assert np.isnan(anna.components[:, COMPONENTS.index("nose")]).all() and ben.components is None


@pytest.mark.parametrize(("told", "starts_s"), [("", 1.2), ("10", 3.0)])
def test_frames_of_a_table_are_those_of_the_video_unless_the_line_tells_their_rate(folder, told, starts_s):
    write_video(folder / "slow.mp4", frames=100, fps=25)
    rows = "".join(f"{frame},{5 if frame > 30 else 0}\n" for frame in range(1, 101))
    (folder / "counted.csv").write_text("frame,AU12\n" + rows)
    line = f"a,anna,slow.mp4,{told},whole,counted.csv,neutral\n"
    path = write_table(folder, "clip,subject,video,frames_per_s,face,action_units,labels\n" + line)
    (clip,) = clips(Manifest(path))
    assert clip.frame_s[clip.components[:, CORNER] == 1].min() == pytest.approx(starts_s, abs=0.05)


def test_json_lines_say_the_same(folder):
    labels = [{"label": "neutral", "start_s": 0, "end_s": 1}, {"label": "happiness-high", "start_s": 1, "end_s": 3}]
    anna = {"clip": "anna-1", "subject": "anna", "video": "videos/anna.mp4", "face": "whole", "labels": labels}
    ben = {"clip": "ben-1", "subject": "ben", "frames": "ben", "frames_per_s": 10, "face": "whole", "labels": "sadness"}
    path = folder / "manifest.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (anna, ben)))
    from_lines, from_table = (list(clips(Manifest(each))) for each in (path, write_table(folder, TABLE)))
    for one, other in zip(from_lines, from_table):
        assert (one.labels, one.subject) == (other.labels, other.subject)
        assert (one.frames == other.frames).all() and (one.frame_s == other.frame_s).all()


def test_a_part_of_a_video_brings_its_own_words_labels_and_components(folder):
    row = "part,anna,videos/anna.mp4,whole,1.2,2.5,anna.srt,neutral 0-1.5; happiness-high 1.5-3,anna_au.csv\n"
    header = "clip,subject,video,face,start_s,end_s,transcript,labels,action_units\n"
    (clip,) = clips(Manifest(write_table(folder, header + row)))
    assert len(clip.frames) == 13 and clip.frame_s[-1] == pytest.approx(1.2, abs=0.02)
    assert [(round(label.start_s, 3), round(label.end_s, 3)) for label in clip.labels] == [(0, 0.3), (0.3, 1.3)]
    assert clip.words[0].text == "fine" and clip.words[-1].end_s == pytest.approx(1.3)
    assert clip.components[0, CORNER] == pytest.approx(37 / 150, abs=0.01)


def test_landmarks_are_compared_with_the_frames_labelled_neutral(folder):
    names = ",".join(f"x{point},y{point}" for point in range(98))
    rows = [
        f"{second}," + ",".join(str(value) for value in face_points(smile=smile).ravel())
        for second, smile in enumerate([0.0, 1.0, 1.0, 1.0])
    ]
    (folder / "points.csv").write_text(f"time_s,{names}\n" + "\n".join(rows) + "\n")
    header = "clip,subject,landmarks,labels\n"
    with_neutral, without = clips(
        Manifest(write_table(folder, header + "a,anna,points.csv,neutral 0-0.5\nb,anna,points.csv,\n"))
    )
    assert with_neutral.components[:, CORNER] == pytest.approx([0, 1, 1, 1], abs=0.05)
    assert without.components[:, CORNER] == pytest.approx([-1, 0, 0, 0], abs=0.05)


def test_words_with_times_of_their_own_are_taken_as_they_are(folder):
    (folder / "words.csv").write_text("text,start_s,end_s\nhello,0.1,0.4\nthere,0.5,0.9\n")
    (clip,) = clips(Manifest(write_table(folder, "clip,subject,transcript\na,anna,words.csv\n")))
    assert [(word.text, word.start_s) for word in clip.words] == [("hello", 0.1), ("there", 0.5)]


def test_a_line_of_json_may_hold_the_signs_that_part_lines_elsewhere(folder):
    lines = (
        json.dumps({"clip": name, "subject": "anna", "transcript": "anna.srt"}, ensure_ascii=False) for name in NAMES
    )
    (folder / "clips.jsonl").write_bytes("\r\n".join(lines).encode())
    assert [recording.clip_id for recording in Manifest(folder / "clips.jsonl").recordings()] == list(NAMES)


NAMES = ("mon\u2028day", "tues\x85day", "wednesday")
TIMED = (("  and 3 more.", 2.0, 3.2), ("Hello,", 0.5, 1.0), ("...", 1.0, 1.5))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_timed_words_are_those_that_the_robot_would_hear(folder, suffix):
    if suffix == ".csv":
        lines = ["text,start_s,end_s", *(f'"{text}",{start_s},{end_s}' for text, start_s, end_s in TIMED)]
    else:
        words = [dict(zip(("text", "start_s", "end_s"), word)) for word in TIMED]
        lines = [json.dumps({"text": "", "start_s": 0, "end_s": 4, "words": words})]
    (folder / f"words{suffix}").write_text("\n".join(lines) + "\n")
    (clip,) = clips(Manifest(write_table(folder, f"clip,subject,transcript\na,anna,words{suffix}\n")))
    robot = Transcript()
    robot.add(Utterance("", 0.0, 4.0, words=tuple(TimedWord(*word) for word in TIMED)))
    assert clip.words == robot.words_between(0.0, 4.0)
    assert [word.text for word in clip.words] == ["Hello", "and", "3", "more"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,,videos/anna.mp4,,,,,,", "line 2: expected a subject, found none"),
        ("a,anna,,,,,,,", "line 2: expected a video, frames, a transcript, action_units or landmarks"),
        ("a,anna,videos/anna.mp4,ben,10,,,,", "line 2: expected a video or frames, found both"),
        ("a,anna,,ben,,,,,", "line 2: expected frames_per_s beside frames, found none"),
        ("a,anna,,nowhere,10,,,,", "line 2: expected a folder of frames, found none at"),
        ("a,anna,videos/anna.mp4,,fast,,,,", "line 2: expected a number, found fast"),
        ("a,anna,videos/anna.mp4,,,guess,,,", "line 2: expected face find or whole, found guess"),
        (
            "a,anna,videos/anna.mp4,,,,,contempt,",
            "line 2: expected a label such as neutral, happiness or",
        ),
        ("a,anna,videos/anna.mp4,,,,,neutral 2-1,", "line 2: expected a label that starts at 0 or later and before"),
        ("a,anna,videos/anna.mp4,,,,,neutral 0-2; fear 1-3,", "line 2: expected labels in the order of time"),
        ("a,anna,videos/anna.mp4,,,,,neutral 0-2; fear,", "line 2: expected labels such as: neutral 0-2.5"),
        ("a,anna,videos/anna.mp4,,,,,neutral 0 to 2,", "line 2: expected labels such as: neutral 0-2.5"),
        ("a,anna,,,,,anna.srt,neutral 0-90000,", "line 2: expected times in seconds, up to a day's 86400, found 90000"),
        ("a,anna,videos/anna.mp4,,,whole,absent.srt,,", "line 2: expected the transcript .*absent.srt, found no file"),
        ("a,anna,,,,,anna.srt,neutral,,", "line 2: expected 9 values, found 10: a,anna"),
        (f"a,anna,,,,,{'And so on. ' * 40},,", "line 2: expected the transcript .*And so on.*, found no file"),
        (f"a,anna,,{'a' * 300},10,,,,", "line 2: expected a folder of frames, found none at"),
        ("a,anna,videos/absent.mp4,,,whole,,,", "line 2: expected the video .*absent.mp4, found no file"),
        ("a,anna,videos/anna.mp4,,,whole,,absent.csv,", "line 2: expected the labels .*absent.csv, found no file"),
        (
            "a,anna,videos/anna.mp4,,,whole,,neutral 0-1; fear 1-25,",
            "anna.mp4, clip a: expected labels within its 3.0 s, found fear-medium until 25 s",
        ),
        (
            "a,anna,,ben,10,whole,,fear 0-9,",
            "ben, clip a: expected labels within its 2.0 s, found fear-medium until 9 s",
        ),
    ],
)
def test_a_broken_line_is_named_or_left_out(folder, row, said):
    header, anna, _ = TABLE.splitlines()
    path = write_table(folder, "\n".join([header, row, anna]) + "\n")
    with pytest.raises(BrokenFileError, match=said):
        list(clips(Manifest(path)))
    left_out = LeftOut(skip_broken=True)
    assert [clip.clip_id for clip in clips(Manifest(path, left_out=left_out))] == ["anna-1"]
    assert len(left_out.broken) == 1


def test_unknown_columns_clips_named_twice_and_lines_that_are_no_json_are_broken(folder):
    with pytest.raises(BrokenFileError, match="line 1: expected columns of clip, subject, .* found colour"):
        list(clips(Manifest(write_table(folder, "clip,subject,colour\na,b,red\n"))))
    with pytest.raises(BrokenFileError, match="line 1: expected each column once, found video twice"):
        list(clips(Manifest(write_table(folder, "clip,subject,video,video\na,b,x.mp4,y.mp4\n"))))
    with pytest.raises(BrokenFileError, match="line 1: expected commas between the columns, found clip;subject"):
        list(clips(Manifest(write_table(folder, "clip;subject\na;b\n"))))
    with pytest.raises(BrokenFileError, match="line 3: expected a clip name of its own, found a"):
        list(clips(Manifest(write_table(folder, "clip,subject,transcript\na,b,anna.srt\na,b,anna.srt\n"))))
    with pytest.raises(BrokenFileError, match="line 3: expected a clip name of its own, found a:b"):
        list(clips(Manifest(write_table(folder, "clip,subject,transcript\na/b,b,anna.srt\na:b,b,anna.srt\n"))))
    path = folder / "manifest.jsonl"
    path.write_text('{"clip": "a"\n')
    with pytest.raises(BrokenFileError, match="manifest.jsonl, line 1: expected a JSON object"):
        list(clips(Manifest(path)))
    path.write_text('{"clip": "a", "subject": "b", "film": "c"}\n')
    with pytest.raises(BrokenFileError, match="line 1: expected keys of clip, subject, .* found film"):
        list(clips(Manifest(path)))
    path.write_text('{"clip": "a"}\n')
    with pytest.raises(BrokenFileError, match="line 1: expected a key subject, found clip"):
        list(clips(Manifest(path)))
    with pytest.raises(BrokenFileError, match="expected a manifest .csv or .jsonl, found .txt"):
        list(clips(Manifest(folder / "manifest.txt")))


def test_a_name_is_the_same_however_its_letters_are_composed(folder):
    path = write_table(folder, "clip,subject,transcript\na,Zo\u00eb,anna.srt\nb,Zoe\u0308,anna.srt\n")
    assert {clip.subject for clip in clips(Manifest(path))} == {"Zo\u00eb"}


def test_half_characters_are_no_name(folder):
    path = folder / "manifest.jsonl"
    path.write_text('{"clip": "a", "subject": "\\ud83d", "transcript": "anna.srt"}\n')
    with pytest.raises(BrokenFileError, match="line 1: expected a subject of whole characters, found '.ud83d'"):
        list(clips(Manifest(path)))


def test_labels_may_stand_in_a_table_of_their_own(folder):
    (folder / "labels.csv").write_text("label,start_s,end_s\nneutral,0,1\nfear-low,1,2.5\n")
    path = write_table(folder, "clip,subject,transcript,labels\na,anna,anna.srt,labels.csv\n")
    (clip,) = clips(Manifest(path))
    assert [CLASS_NAMES[label.class_index] for label in clip.labels] == ["neutral", "fear-low"]
    (folder / "labels.csv").write_text("label,start_s,end_s\nneutral,0,1\nfear-low,0.5,2.5\n")
    with pytest.raises(BrokenFileError, match="labels.csv, line 3: expected labels in the order of time"):
        list(clips(Manifest(path)))


def test_a_manifest_that_names_no_clip_is_broken(folder):
    with pytest.raises(BrokenFileError, match="manifest.csv: expected a line for each clip, found none"):
        list(clips(Manifest(write_table(folder, "clip,subject,video\n"), left_out=LeftOut(skip_broken=True))))


def test_labels_in_a_line_must_lie_in_its_part_of_the_video(folder):
    header = "clip,subject,video,face,start_s,end_s,labels\n"
    path = write_table(folder, header + "part,anna,videos/anna.mp4,whole,1,2,neutral 0-1.5; fear 2.5-3\n")
    with pytest.raises(BrokenFileError, match="line 2: expected labels from start_s 1 to end_s 2, found neutral 0-1.5"):
        list(clips(Manifest(path)))
    (folder / "labels.csv").write_text("label,start_s,end_s\nneutral,0,1.5\nfear,2.5,3\n")
    (clip,) = clips(Manifest(write_table(folder, header + "part,anna,videos/anna.mp4,whole,1,2,labels.csv\n")))
    assert [(label.start_s, label.end_s) for label in clip.labels] == [(0, 0.5)]


def test_a_part_behind_the_films_end_is_told_as_such(folder):
    row = "a,anna,videos/anna.mp4,whole,50,52,neutral\n"
    path = write_table(folder, "clip,subject,video,face,start_s,end_s,labels\n" + row)
    with pytest.raises(BrokenFileError, match="anna.mp4: expected pictures after 50 s"):
        list(clips(Manifest(path)))


def test_words_of_another_film_are_told(folder):
    (folder / "anna.srt").write_text(SRT.replace("00:00:02", "00:10:02").replace("00:00:03", "00:10:03"))
    path = write_table(folder, "clip,subject,video,face,transcript\na,anna,videos/anna.mp4,whole,anna.srt\n")
    with pytest.raises(BrokenFileError, match="anna.srt, clip a: expected words within the 3.0 s, found not at 602 s"):
        list(clips(Manifest(path)))


def test_labels_and_subtitles_may_outlast_the_film_by_a_moment(folder):
    path = write_table(folder, "clip,subject,video,face,labels\na,anna,videos/anna.mp4,whole,neutral 0-3.4\n")
    assert next(clips(Manifest(path))).labels[0].end_s == 3.4
