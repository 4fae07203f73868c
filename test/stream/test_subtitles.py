import subprocess
import sys

import pytest

from stf2m_ros.stream.subtitles import read_transcript
from stf2m_ros.stream.timed_word import TimedWord

SRT = (
    "\ufeff1\r\n00:00:01,500 --> 00:00:03,000\r\n<i>It hurts</i>\r\nhere.\r\n\r\n"
    "2\r\n00:01:00,000 --> 00:01:02,250\r\nBetter.\r\n"
)
VTT = (
    "WEBVTT\n\nNOTE made by hand\n\n00:01.500 --> 00:03.000 align:start\nIt hurts\n\n"
    "01:00:00.000 --> 01:00:01.000\nBetter.\n"
)


def write(path, text):
    path.write_bytes(text.encode("utf-8"))
    return path


def test_subrip_with_byte_order_mark_and_markup_is_read(tmp_path):
    first, second = read_transcript(write(tmp_path / "a.srt", SRT))
    assert (first.text.split(), first.start_s, first.end_s) == (["It", "hurts", "here."], 1.5, 3.0)
    assert (second.text, second.start_s, second.end_s) == ("Better.", 60.0, 62.25)
    assert first.utterance_id != second.utterance_id


def test_webvtt_is_read(tmp_path):
    spoken = read_transcript(write(tmp_path / "a.vtt", VTT))
    assert [(utterance.text, utterance.start_s) for utterance in spoken] == [("It hurts", 1.5), ("Better.", 3600.0)]


def said(path):
    return [(" ".join(utterance.text.split()), utterance.start_s) for utterance in read_transcript(path)]


def test_names_notes_styles_and_regions_of_webvtt_are_not_spoken(tmp_path):
    text = (
        "WEBVTT - made by hand\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:left\n\ncue-7\n"
        "00:01.500 --> 00:03.000\nIt hurts\nhere.\n\nNOTE left out\n00:03.000 --> 00:04.000\nVery much.\n\n"
        "NOTE\ntwo lines --> of it\n\n3 - intro\n00:05.000 --> 00:06.000\nHow old?\n42\n\n"
        "00:07.000 --> 00:08.000\n43\n\nNOTE the end\n"
    )
    spoken = said(write(tmp_path / "a.vtt", text))
    assert spoken == [("It hurts here.", 1.5), ("How old? 42", 5.0), ("43", 7.0)]


def test_a_note_does_not_move_the_line_that_an_error_names(tmp_path):
    text = VTT.replace("01:00:01.000", "00:00:01.000")
    with pytest.raises(ValueError, match="line 8: expected a subtitle that ends after its start"):
        read_transcript(write(tmp_path / "a.vtt", text))


def test_times_within_a_text_are_text_and_marks_of_time_are_not_spoken(tmp_path):
    text = "1\n00:00:01,500 --> 00:00:03,000\nfrom 12:00:00,000 to 13:00:00,000 o'clock\n"
    assert said(write(tmp_path / "a.srt", text)) == [("from 12:00:00,000 to 13:00:00,000 o'clock", 1.5)]
    text = "WEBVTT\n\n00:00:00.160 --> 00:00:02.470\n \ni<00:00:00.640><c> am</c><00:00:00.960><c> sad</c>\n"
    assert said(write(tmp_path / "a.vtt", text)) == [("i am sad", 0.16)]


ROLLING = (
    "WEBVTT\nKind: captions\nLanguage: en\n\n00:00:00.160 --> 00:00:02.470 align:start position:0%\n \n"
    "i<00:00:00.640><c> am</c><00:00:00.960><c> sad</c>\n\n"
    "00:00:02.470 --> 00:00:02.480 align:start position:0%\ni am sad\n \n\n"
    "00:00:02.480 --> 00:00:03.000 align:start position:0%\n<c.white>i am sad</c>\nso\n\n"
    "00:00:03.000 --> 00:00:03.010 align:start position:0%\nso\n \n\n"
    "00:00:03.010 --> 00:00:05.000 align:start position:0%\nso\nso<00:00:03.500><c> sad</c>\n"
)


def test_voices_of_webvtt_are_speakers_also_of_one_cue_together(tmp_path):
    text = (
        "WEBVTT\n\n00:01.500 --> 00:03.000\n<v Nurse Ann>Does it <i>hurt</i>?</v>\n"
        "<v.loud Mr. O&amp;B>Yes,\nvery much.\n\n"
        "00:04.000 --> 00:05.000\n<v Nurse Ann></v>Both laugh\n\n00:06.000 --> 00:07.000\n<vivid>Better.\n"
    )
    spoken = read_transcript(write(tmp_path / "a.vtt", text))
    assert [(each.speaker_id, " ".join(each.text.split()), each.start_s, each.end_s) for each in spoken] == [
        ("Nurse Ann", "Does it hurt?", 1.5, 3.0),
        ("Mr. O&B", "Yes, very much.", 1.5, 3.0),
        ("", "Both laugh", 4.0, 5.0),
        ("", "Better.", 6.0, 7.0),
    ]
    assert len({each.utterance_id for each in spoken}) == 4


def test_voices_are_of_webvtt_alone(tmp_path):
    (spoken,) = read_transcript(write(tmp_path / "a.srt", "1\n00:00:01,000 --> 00:00:02,000\n<v Ann>Yes.\n"))
    assert spoken.speaker_id == ""


def test_lines_of_rolling_captions_are_spoken_once_and_with_the_times_of_their_words(tmp_path):
    first, second, third = read_transcript(write(tmp_path / "a.vtt", ROLLING))
    assert first.words == (TimedWord("i", 0.16, 0.64), TimedWord("am", 0.64, 0.96), TimedWord("sad", 0.96, 2.47))
    assert (second.text, second.start_s, second.words) == ("so", 2.48, ())
    assert third.words == (TimedWord("so", 3.01, 3.5), TimedWord("sad", 3.5, 5.0))
    assert [each.utterance_id for each in (first, second, third)] == ["1", "2", "3"]


def test_a_time_within_a_text_may_be_that_of_its_cue(tmp_path):
    text = "WEBVTT\n\n01:02.470 --> 01:04.010\n<01:02.470>i <01:03.000>am<01:04.010>\n"
    (spoken,) = read_transcript(write(tmp_path / "a.vtt", text))
    assert spoken.words == (TimedWord("i", 62.47, 63.0), TimedWord("am", 63.0, 64.01))


def test_lines_that_are_said_twice_are_spoken_twice_where_captions_do_not_roll(tmp_path):
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nNo.\n\n00:02.000 --> 00:03.000\nNo.\n"
    assert said(write(tmp_path / "a.vtt", text)) == [("No.", 1.0), ("No.", 2.0)]


@pytest.mark.parametrize("text", ["sad<00:00.500>ly", "i<00:00.700> am<00:00.600> sad", "i am<00:09.000> sad"])
def test_times_within_words_or_out_of_order_time_no_words(tmp_path, text):
    (spoken,) = read_transcript(write(tmp_path / "a.vtt", f"WEBVTT\n\n00:00.000 --> 00:02.000\n{text}\n"))
    assert "<" not in spoken.text and spoken.words == ()


@pytest.mark.parametrize("name", ["a.srt", "a.vtt"])
def test_entities_are_spoken_as_their_characters(tmp_path, name):
    mark = "," if name.endswith("srt") else "."
    text = f"WEBVTT\n\n00:00:01{mark}500 --> 00:00:03{mark}000\n<i>You &amp; I</i>,&nbsp;5 &lt; 6\n"
    assert said(write(tmp_path / name, text)) == [("You & I, 5 < 6", 1.5)]


def test_numbers_of_subtitles_are_not_spoken_but_numbers_in_them_are(tmp_path):
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\n\n2\n00:00:02,000 --> 00:00:03,000\nHow old?\n42\n\n"
        "3\n00:00:03,000 --> 00:00:04,000\nOf all\n\nof them?\n43\n"
    )
    assert said(write(tmp_path / "a.srt", text)) == [("How old? 42", 2.0), ("Of all of them? 43", 3.0)]
    assert said(write(tmp_path / "a.srt", text + "\n4\n"))[-1] == ("Of all of them? 43", 3.0)


def test_json_lines_of_timed_words_are_read_in_the_order_spoken(tmp_path):
    lines = '{"text": "Better", "start_s": 60, "end_s": 61}\n\n{"text": "It hurts", "start_s": 1.5, "end_s": 3.0, '
    lines += '"words": [{"text": "It", "start_s": 1.5, "end_s": 1.7}], "speaker_id": "patient"}\n'
    first, second = read_transcript(write(tmp_path / "a.jsonl", lines))
    assert first.words == (TimedWord("It", 1.5, 1.7),) and first.speaker_id == "patient"
    assert second.start_s == 60.0


def test_a_line_may_hold_other_marks_of_lines_and_names_that_are_numbers_or_null(tmp_path):
    line = '{"text": "a\u2028b", "start_s": 0, "end_s": 1, "speaker_id": 0, "utterance_id": null}'
    (spoken,) = read_transcript(write(tmp_path / "a.jsonl", line))
    assert (spoken.text, spoken.speaker_id, spoken.utterance_id) == ("a\u2028b", "0", "1")


@pytest.mark.parametrize(
    "name, text, said",
    [
        ("a.srt", "no subtitles at all", "expected srt subtitles"),
        ("a.vtt", "neither", "expected vtt subtitles"),
        ("a.srt", SRT.replace("00:01:00", "00:0x:00"), r"line 7: expected two times beside -->, found '00:0x:00,000"),
        ("a.srt", SRT.replace("00:01:02", "00:00:02"), "line 7: expected a subtitle that ends after its start"),
        ("a.jsonl", '{"text": "x"}', "line 1: expected"),
        ("a.jsonl", '{"text": "x", "start_s": 3, "end_s": 1}', "line 1: expected"),
        ("a.jsonl", "not json", "line 1: expected"),
        ("a.jsonl", "\n" + "[" * 100_000, "line 2: expected"),
        ("a.jsonl", '{"text": null, "start_s": 0, "end_s": 1}', "line 1: .*expected text to be a text, found None"),
        ("a.jsonl", '{"text": "\\ud800", "start_s": 0, "end_s": 1}', "line 1: .*expected .* to be whole characters"),
        (
            "a.jsonl",
            '{"text": "x", "start_s": 0, "end_s": 1, "speaker_id": "\\ud800"}',
            "line 1: .*expected .* to be whole characters",
        ),
        ("a.jsonl", '{"text": "x", "start_s": 0, "end_s": 1e300}', "line 1: .*expected end_s from 0 to 1000000"),
        (
            "a.jsonl",
            '{"text": "x", "start_s": -1, "end_s": 1}',
            "line 1: .*expected start_s from 0 to 1000000",
        ),
        ("a.jsonl", '{"text": "x", "start_s": NaN, "end_s": 1}', "line 1: .*expected start_s from 0 to"),
        ("a.jsonl", f'{{"text": "x", "start_s": 0, "end_s": 1{"0" * 400}}}', "line 1: expected"),
        (
            "a.vtt",
            VTT.replace("01:00:01.000", "9999:00:01.000"),
            "line 8: .* 1000000 s, found 35996401 s",
        ),
        ("a.doc", "x", r"expected a transcript of one of .srt, .vtt, .jsonl, found '.doc'"),
    ],
)
def test_a_file_that_is_no_transcript_says_what_was_found(tmp_path, name, text, said):
    with pytest.raises(ValueError, match=said):
        read_transcript(write(tmp_path / name, text))


def test_subtitles_in_another_encoding_are_refused(tmp_path):
    (tmp_path / "a.srt").write_bytes(b"1\n00:00:01,000 --> 00:00:02,000\nsch\xf6n\n")
    with pytest.raises(ValueError, match="line 3: expected text in UTF-8, found byte 0xf6"):
        read_transcript(tmp_path / "a.srt")


def test_subtitles_may_speak_at_the_same_time(tmp_path):
    spoken = read_transcript(write(tmp_path / "a.srt", SRT.replace("00:01:00", "00:00:02")))
    assert [(utterance.start_s, utterance.end_s) for utterance in spoken] == [(1.5, 3.0), (2.0, 62.25)]


WITHOUT_PYSUBS2 = """
import sys
sys.modules["pysubs2"] = None
from stf2m_ros.stream.subtitles import read_transcript
print(read_transcript(sys.argv[1])[0].text)
try:
    read_transcript(sys.argv[2])
except ValueError as error:
    print(error)
"""


def test_a_robot_without_pysubs2_reads_timed_words_and_says_what_subtitles_need(tmp_path):
    words = write(tmp_path / "a.jsonl", '{"text": "It hurts", "start_s": 1, "end_s": 2}')
    subtitles = write(tmp_path / "a.srt", SRT)
    command = [sys.executable, "-c", WITHOUT_PYSUBS2, str(words), str(subtitles)]
    heard, told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert heard == "It hurts"
    assert told.startswith(f"{subtitles}: expected the package pysubs2 for subtitles, found it is not installed")
