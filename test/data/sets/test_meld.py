import pytest
from set_fixtures import real, write_video

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.class_counts import count_classes
from stf2m_ros.data.sets.face_reading import WHOLE, FaceReading
from stf2m_ros.data.sets.meld import Meld
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.emotions import CLASS_NAMES

HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
LINES = (
    '1,"Oh my God, he’s lost it.",Phoebe,sadness,negative,0,0,4,7,"00:20:57,256","00:21:00,049"\n',
    '2,What?,Monica,joy,positive,0,1,4,7,"00:21:01,927","00:21:03,26"\n',
)


def write_table(folder, *lines):
    path = folder / "dev_sent_emo.csv"
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


def test_an_utterance_is_a_clip_of_words_with_an_emotion_of_unknown_level(tmp_path):
    first, second = clips(Meld(write_table(tmp_path, *LINES)))
    assert (first.clip_id, first.subject) == ("meld-dev-dia0_utt0", "Phoebe")
    assert [word.text for word in first.words] == ["Oh", "my", "God", "he’s", "lost", "it"]
    assert first.words[-1].end_s == first.labels[0].end_s == pytest.approx(2.793)
    assert CLASS_NAMES[first.labels[0].class_index] == "sadness-medium"
    assert first.labels[0].shares[6:9] == pytest.approx([1 / 3] * 3)
    assert CLASS_NAMES[second.labels[0].class_index] == "happiness-medium"
    assert second.labels[0].end_s == pytest.approx(1.333)  # a fraction that a spreadsheet shortened


def test_videos_are_read_where_they_are_at_hand(tmp_path):
    write_video(tmp_path / "dia0_utt0.mp4", frames=30, fps=30)
    write_video(tmp_path / "dia0_utt1.mp4", frames=30, fps=30)
    first, _ = clips(Meld(write_table(tmp_path, *LINES), tmp_path, FaceReading(WHOLE)))
    assert len(first.frames) == 10


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (LINES[1].replace("joy", "boredom"), "line 3: expected an emotion of joy, anger"),
        (LINES[1].replace("00:21:01,927", "21:01"), "line 3: expected a time such as 00:20:57,256, found 21:01"),
        (LINES[1].replace("00:21:01,927", "00:22:00,000"), "line 3: expected EndTime after 00:22:00,000"),
        ("3,What?,Monica\n", "line 3: expected 11 values, found 3"),
    ],
)
def test_a_broken_line_is_named(tmp_path, line, said):
    with pytest.raises(BrokenFileError, match=f"dev_sent_emo.csv, {said}"):
        list(clips(Meld(write_table(tmp_path, LINES[0], line))))


def test_a_line_that_says_nothing_we_know_can_be_left_out(tmp_path):
    left_out = LeftOut(skip_broken=True)
    table = write_table(tmp_path, LINES[0].replace("sadness", "boredom"), LINES[1])
    assert [clip.subject for clip in clips(Meld(table, left_out=left_out))] == ["Monica"] and len(left_out.broken) == 1


@pytest.mark.parametrize(("part", "utterances", "neutral"), [("train", 9989, 4710), ("dev", 1109, 470)])
def test_the_real_tables_are_read_to_the_last_line(part, utterances, neutral):
    counts = count_classes(Meld(real("meld", f"{part}_sent_emo.csv")).recordings())
    assert (counts.all_clips, counts.clips["neutral"], counts.unlabelled_clips) == (utterances, neutral, 0)
