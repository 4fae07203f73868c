import pytest
from set_fixtures import real, write_video

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.class_counts import count_classes
from stf2m_ros.data.sets.crema_d import CremaD, read_name, read_vote
from stf2m_ros.data.sets.face_reading import WHOLE, FaceReading
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.emotions import CLASS_NAMES

VOTES = """"","FileName","VoiceVote","VoiceLevel","FaceVote","FaceLevel","MultiModalVote","MultiModalLevel"
"1","1001_IEO_SAD_HI","N","60.14","A:F","30.67:51.00","N","63.5"
"2","1001_DFA_ANG_XX","A","80","A","90","A","91.5"
"3","1001_TIE_NEU_XX","N","60","N","92.22","N","64.78"
"4","1002_MTI_FEA_XX","N","60","F","10","N","64.78"
"""
PEOPLE = '"ActorID","Age","Sex","Race","Ethnicity"\n1001,51,"Male","Caucasian","Not Hispanic"\n'


@pytest.fixture()
def folder(tmp_path):
    (tmp_path / "processedResults").mkdir()
    (tmp_path / "processedResults" / "summaryTable.csv").write_text(VOTES)
    (tmp_path / "VideoDemographics.csv").write_text(PEOPLE)
    names = [line.split(",")[1] for line in VOTES.splitlines()[1:]]
    rows = "".join(f"{number},{name}\n" for number, name in enumerate(names, start=1))
    (tmp_path / "SentenceFilenames.csv").write_text('"Stimulus_Number","Filename"\n' + rows)
    return tmp_path


def labels(folder, labels_from):
    recordings = CremaD(folder, labels_from).recordings()
    return {recording.clip_id: recording.labels[0] for recording in recordings}


def test_the_name_tells_emotion_and_level_and_votes_the_level_that_was_not_set(folder):
    classes = {name: CLASS_NAMES[label.class_index] for name, label in labels(folder, "name").items()}
    assert classes == {
        "1001_IEO_SAD_HI": "sadness-high",
        "1001_DFA_ANG_XX": "anger-high",
        "1001_TIE_NEU_XX": "neutral",
        "1002_MTI_FEA_XX": "fear-medium",  # nobody saw fear: the level is unknown
    }
    assert labels(folder, "name")["1002_MTI_FEA_XX"].shares[12:15] == pytest.approx([1 / 3] * 3)


def test_votes_are_labels_and_ties_share(folder):
    face = labels(folder, "face")
    tie = face["1001_IEO_SAD_HI"]
    assert {CLASS_NAMES[index]: share for index, share in enumerate(tie.shares) if share} == {
        "anger-low": 0.5,
        "fear-medium": 0.5,
    }
    assert CLASS_NAMES[face["1002_MTI_FEA_XX"].class_index] == "fear-low"
    assert CLASS_NAMES[labels(folder, "voice")["1001_IEO_SAD_HI"].class_index] == "neutral"


def test_a_video_is_read_with_its_sentence_and_its_actor(folder):
    write_video(folder / "VideoFlash" / "1001_DFA_ANG_XX.flv", frames=60, fps=30)
    (clip,) = clips(CremaD(folder, faces=FaceReading(WHOLE)))
    assert clip.subject == "1001" and len(clip.frames) == 20
    assert [word.text for word in clip.words] == ["Don't", "forget", "a", "jacket"]
    assert clip.words[-1].end_s == clip.labels[0].end_s == pytest.approx(2.0, abs=0.02)
    assert clip.facts == {"Age": "51", "Sex": "Male", "Race": "Caucasian", "Ethnicity": "Not Hispanic"}


def test_a_video_that_cannot_be_read_is_left_out(folder):
    write_video(folder / "VideoFlash" / "1001_DFA_ANG_XX.flv")
    (folder / "VideoFlash" / "1001_TIE_NEU_XX.flv").write_bytes(b"")
    (folder / "VideoFlash" / "holiday.flv").write_bytes(b"")
    left_out = LeftOut(skip_broken=True)
    assert len(list(clips(CremaD(folder, faces=FaceReading(WHOLE), left_out=left_out)))) == 1
    assert len(left_out.broken) == 2 and "expected a name such as 1001_DFA_ANG_XX" in left_out.broken[1]


def test_names_and_votes_that_nobody_knows_are_broken(tmp_path):
    for name in ("1001_DFA_BOR_XX", "1001_XYZ_ANG_XX", "1001_DFA_ANG_ZZ", "1_DFA_ANG_XX"):
        with pytest.raises(BrokenFileError):
            read_name(name)
    with pytest.raises(BrokenFileError, match="line 3: expected votes of A, D, F, H, N, S, found Q"):
        read_vote(tmp_path, 3, "Q", "50")
    with pytest.raises(BrokenFileError, match="line 3: expected 2 numbers, found 1: 50"):
        read_vote(tmp_path, 3, "A:D", "50")
    with pytest.raises(BrokenFileError, match="expected levels 0 to 100, found 101"):
        read_vote(tmp_path, 3, "A", "101")
    with pytest.raises(ValueError, match="expected labels_from of"):
        CremaD(tmp_path, "ears")
    with pytest.raises(FileNotFoundError, match="expected CREMA-D with VideoFlash or SentenceFilenames.csv"):
        list(CremaD(tmp_path).recordings())


@pytest.mark.parametrize(("labels_from", "neutral"), [("name", 1087), ("face", 2139), ("multimodal", 2043)])
def test_the_real_tables_label_7442_videos_of_91_actors(labels_from, neutral):
    counts = count_classes(CremaD(real("crema_d"), labels_from).recordings())
    assert (counts.all_clips, counts.subjects, counts.unlabelled_clips) == (7442, 91, 0)
    assert counts.clips["neutral"] == neutral
