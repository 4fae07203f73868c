from pathlib import Path

import numpy as np
import pytest

from stf2m_ros.emotions import CLASS_NAMES, EMOTIONS
from stf2m_ros.fuzzy.components import COMPONENTS
from stf2m_ros.fuzzy.rule_base import RuleBaseError, load_rule_base

SHIPPED = Path(__file__).parents[2] / "config" / "rules"
SMILE = "{name: smile, class: happiness, scale: free, when: {mouth_corners: raised}}"
NEUTRAL = "{name: neutral, class: neutral, scale: fixed, when: {all: normal}}"


def write(folder, *rules, head="name: mine"):
    path = folder / "mine.yaml"
    path.write_text("\n".join([head, "rules:", *(f"  - {rule}" for rule in rules)]))
    return path


def load(folder, *rules):
    return load_rule_base(write(folder, *rules, NEUTRAL))


def code_of(rule):
    return {name: (v, w) for name, v, w in zip(COMPONENTS, rule.values, rule.weights) if w}


def test_a_rule_is_one_line(tmp_path):
    rule = load(tmp_path, SMILE).rules[0]
    assert (rule.name, rule.emotion, rule.level, rule.free) == ("smile", "happiness", None, True)
    assert code_of(rule) == {"left_mouth_corner": (1, 1), "right_mouth_corner": (1, 1)}


def test_values_are_terms_or_numbers_and_weights_stand_beside_them(tmp_path):
    rule = load(
        tmp_path, SMILE.replace("mouth_corners: raised", "nose: [wrinkled, 2], mouth: 0.5, left_eye: [-0.2, 0.3]")
    ).rules[0]
    assert code_of(rule) == {"nose": (1, 2), "mouth": (0.5, 1), "left_eye": (-0.2, 0.3)}


def test_what_is_said_of_one_component_goes_before_what_is_said_of_many(tmp_path):
    code = code_of(
        load(
            tmp_path, SMILE.replace("mouth_corners: raised", "left_eye: wide, eyes: narrow, all: [normal, 0.1]")
        ).rules[0]
    )
    assert code["left_eye"] == (1, 1) and code["right_eye"] == (-1, 1) and code["nose"] == (0, 0.1)


def test_a_one_sided_rule_gets_its_mirror_and_a_symmetric_one_does_not(tmp_path):
    table = load(
        tmp_path, SMILE, SMILE.replace("name: smile", "name: smirk").replace("mouth_corners", "left_mouth_corner")
    ).table()
    assert table.names == ("smile", "smirk", "smirk, mirrored", "neutral")
    assert table.codes[1, 10] == 1 and table.codes[1, 11] == 0
    assert table.codes[2, 10] == 0 and table.codes[2, 11] == 1
    np.testing.assert_array_equal(table.emotion[1], table.emotion[2])


def test_the_table_is_padded_with_rows_that_belong_to_no_emotion(tmp_path):
    table = load(tmp_path, SMILE).table()
    assert table.codes.shape == (64, 12) and table.codes.dtype == np.float32
    assert table.emotion[:2].sum(axis=1).tolist() == [1, 1] and not table.emotion[2:].any()
    assert len(load(tmp_path, SMILE).table(None).free) == 2


def test_a_fixed_rule_is_one_level_of_its_emotion(tmp_path):
    fixed = SMILE.replace("class: happiness, scale: free", "class: happiness-medium, scale: fixed")
    table = load(tmp_path, fixed).table()
    assert table.level[0].tolist() == [0, 1, 0] and table.free[0] == 0
    assert not table.level[1].any()  # neutral has no levels


@pytest.mark.parametrize(
    "rule, told",
    [
        (SMILE.replace("mouth_corners", "cheek"), "mine.yaml:3: rule 'smile': expected a component of left_eyebrow"),
        (SMILE.replace("mouth_corners", "cheek"), "found cheek"),
        (SMILE.replace("happiness", "joy"), "expected a class of a free rule: happiness, anger"),
        (SMILE.replace("happiness", "happiness-low"), "found happiness-low"),
        (SMILE.replace("free", "fixed"), "expected a class of a fixed rule: happiness-low"),
        (SMILE.replace("happiness", "neutral"), "found neutral"),
        (SMILE.replace("free", "loose"), "expected scale fixed or free, found loose"),
        (
            SMILE.replace("raised", "1.5"),
            "expected left_mouth_corner low, normal, raised or a number from -1 to 1, found 1.5",
        ),
        (SMILE.replace("mouth_corners: raised", "nose: -1"), "nose normal, wrinkled or a number from 0 to 1, found -1"),
        (SMILE.replace("raised", "open"), "found open"),
        (SMILE.replace("raised", "yes"), "found True"),
        (SMILE.replace("raised", ".nan"), "found nan"),
        (SMILE.replace("raised", "[raised, -1]"), "the weight of left_mouth_corner from 0 to 100, found -1"),
        (SMILE.replace("raised", "[raised, 0]"), "at least one component that matters"),
        (SMILE.replace("raised", "normal"), "a value other than 0"),
        (
            SMILE.replace("{mouth_corners: raised}", "[1, 0]"),
            "12 values in the order of the components, found 2 of them",
        ),
        (SMILE.replace("{mouth_corners: raised}", "raised"), "when to name components with their values, found raised"),
        (SMILE.replace("when", "if"), "expected the keys name, class, scale, when, found if"),
        ("{name: smile, class: happiness, scale: free}", "rule 'smile': expected when, found nothing"),
        ("smile", "expected a rule with name, class, scale, when, found smile"),
        (SMILE.replace("raised", "raised, mouth_corners: low"), "expected YAML, found a key given twice"),
        (
            SMILE.replace("smile", "neutral"),
            "expected every rule to have a name of its own, found 2 rules called neutral",
        ),
        (SMILE.replace("}}", "}"), "expected YAML"),
        # As JSON writes what lies beyond two bytes; no message could carry it.
        (
            SMILE.replace("name: smile", r'name: "\ud83d\ude00"'),
            r"expected a name of whole characters, found '\ud83d\ude00'",
        ),
        (SMILE.replace("name: smile", r'name: "smi\0le"'), r"expected a name of whole characters, found 'smi\x00le'"),
    ],
)
def test_a_rule_that_cannot_be_read_is_told_in_one_line(tmp_path, rule, told):
    with pytest.raises(RuleBaseError) as error:
        load(tmp_path, rule)
    message = str(error.value)
    assert told in message and message.startswith(str(tmp_path)) and "\n" not in message


@pytest.mark.parametrize(
    "text", ["", "- 1", "name: x", "name: x\nrules: {}", "name: x\nrules: 3", "a: b", "name: x\nrules: []"]
)
def test_a_file_that_is_no_rule_base_is_told_in_one_line(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(RuleBaseError, match="mine.yaml: expected .*, found "):
        load_rule_base(path)


def test_a_file_of_other_bytes_is_told_in_one_line(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00name: x\x00")
    with pytest.raises(RuleBaseError, match="mine.yaml: expected YAML, found .*"):
        load_rule_base(path)


def test_a_rule_base_without_neutral_is_refused(tmp_path):
    with pytest.raises(RuleBaseError, match="expected a rule of the class neutral, found none"):
        load_rule_base(write(tmp_path, SMILE))


def test_too_many_rules_are_refused_and_mirrors_count(tmp_path):
    one_sided = SMILE.replace("mouth_corners", "left_mouth_corner")
    base = load(tmp_path, *(one_sided.replace("name: smile", f"name: smile {i}") for i in range(32)))
    with pytest.raises(
        RuleBaseError, match=r"mine.yaml: expected at most 64 rules, found 65 \(33 and 32 mirrored ones\)"
    ):
        base.table()


@pytest.mark.parametrize("name", ["paper", "facs"])
def test_the_shipped_rule_bases_fit_the_window_head(name):
    base = load_rule_base(SHIPPED / f"{name}.yaml")
    assert base.name == name
    assert len(base.table().names) <= 40  # leaves room for a user's own


def test_the_paper_rule_base_has_every_class_once_and_each_fixed():
    rules = load_rule_base(SHIPPED / "paper.yaml").rules
    assert sorted(f"{rule.emotion}-{rule.level}" if rule.level else rule.emotion for rule in rules) == sorted(
        CLASS_NAMES
    )
    assert not any(rule.free for rule in rules)


def test_the_paper_rule_base_holds_the_printed_codes():
    codes = {rule.name: rule.values for rule in load_rule_base(SHIPPED / "paper.yaml").rules}
    assert codes["anger high"] == (0, 0, 1, 0, 0, 1, 0, -1, -1, -1, -1, -1)
    assert codes["disgust high"] == (1, 1, -1, 0, 0, 0, 0, 0, 1, -1, 0, 0)
    assert codes["happiness high"] == (1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1)
    assert sum("(ours)" not in name for name in codes) == 12


def test_the_facs_rule_base_has_several_free_rules_for_every_emotion():
    rules = load_rule_base(SHIPPED / "facs.yaml").rules
    for emotion in EMOTIONS:
        assert sum(rule.emotion == emotion and rule.free for rule in rules) >= 2
