"""Words alone on MELD: the robot's text path beside TF-IDF with logistic regression, in one run.

    python bench/text_alone.py FOLDER [--seeds 2] [--held-out]

FOLDER holds train_sent_emo.csv and dev_sent_emo.csv. The text path is the one that the robot runs: the subword table
and the window head, given no face and the words of the last 30 s of the dialogue, asked when an utterance ends. Its
words, pairs of words and marks are fitted once, with neutral, as stf2m_ros/meta/text_regression.py says, and nothing is
learned after that; over six emotions it is asked the same with neutral left out. A seed draws only those weights of the
head that have no say yet. Logistic regression is trained for each of the two tasks; words or also pairs of words, C,
class weights, rare words and the weight of repetition are chosen by cross-validation over dialogues of train: once on
words, as TF-IDF usually takes them, and once with the marks ? and ! that our text path hears too. It sees the utterance
alone; ours hears the one before it too, as the robot does.
Nothing is chosen on dev; --held-out judges on an eighth of the train dialogues instead, to choose settings by.
"""

import argparse
import logging
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from measuring.dialogues import dialogues
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from stf2m_ros.data.clip import Clip
from stf2m_ros.data.sets.meld import Meld
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.data.slots import slot_track
from stf2m_ros.emotions import EMOTIONS, INTENSITIES
from stf2m_ros.fuzzy.rule_base import load_rule_base
from stf2m_ros.meta.intervals import intervals, judge_intervals
from stf2m_ros.meta.text_regression import TextRegressionSettings, begin_at, fit_regression, spoken_in
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.window_batches import WindowSampler, cache_vocabulary
from stf2m_ros.meta.window_training import FuzzyInputs, WindowModel
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.net.text_table import WordVectors
from stf2m_ros.training.config import TrainingConfig, load_config

HERE = Path(__file__).parent
NEUTRAL = len(EMOTIONS)
TASKS = {"six emotions": False, "with neutral": True}
TOKENS = {"words": r"(?u)\b\w\w+\b", "words and marks": r"(?u)\w+|[?!]"}
_LOG = logging.getLogger(__name__)


class Part(NamedTuple):
    """Train or dev: utterances in order, which dialogue and which emotion each has, and the dialogues as clips."""

    texts: List[str]
    groups: np.ndarray  # (N,)
    emotion: np.ndarray  # (N,) 0 to 5, or NEUTRAL
    dialogues: List[Clip]

    def chosen(self, kept: np.ndarray) -> "Part":
        """The dialogues whose number is kept. kept: bool for each dialogue."""
        own = kept[self.groups]
        clips_ = [clip for clip, keep in zip(self.dialogues, kept) if keep]
        texts = [text for text, keep in zip(self.texts, own) if keep]
        return Part(texts, np.unique(self.groups[own], return_inverse=True)[1], self.emotion[own], clips_)


def read(path: Path) -> Part:
    """One of MELD's tables."""
    utterances = list(clips(Meld(path)))
    joined = list(dialogues(utterances))
    groups = np.repeat(np.arange(len(joined)), [len(clip.labels) for clip in joined])
    emotion = np.array([clip.labels[0].class_index // len(INTENSITIES) for clip in utterances])
    return Part([clip.facts["utterance"].replace("’", "'") for clip in utterances], groups, emotion, joined)


def halves(part: Part, held_out: int = 8) -> Tuple[Part, Part]:
    """Seven eighths of the dialogues, and the others."""
    held = np.arange(len(part.dialogues)) % held_out == 0
    return part.chosen(~held), part.chosen(held)


def our_answers(train: Part, dev: Part, config: TrainingConfig, seeds: int) -> List[np.ndarray]:
    """Of each seed (N, 7) log-probabilities of dev's utterances: the text path as it begins, at its regression."""
    caches = [_cache(part, config) for part in (train, dev)]
    looked_up = {"pairs": config.text.pairs, "whole_utterances": config.text.whole_utterances}
    # The vocabulary is only what is embedded at once: no word is unknown to the table, and dev's words train nothing.
    words = cache_vocabulary(*caches, **looked_up)
    sampler, judged = (
        WindowSampler(cache, config.grid, config.window_training.sampling, words, config.text) for cache in caches
    )
    answers, regression = [], None
    for seed in range(seeds):
        torch.manual_seed(seed)
        model = WindowModel(config.head, config.text, words, _fuzzy(config)).eval()
        regression = regression or fit_regression(spoken_in(sampler), model.text, TextRegressionSettings())
        begin_at(regression, model)
        model.text = WordVectors(words, model.text().detach().numpy())  # they stay: not embedded for every batch
        logits = torch.from_numpy(judge_intervals(model, judged, intervals(judged))).log_softmax(-1)
        levels = logits[:, :-1].unflatten(-1, (NEUTRAL, len(INTENSITIES))).logsumexp(-1)
        answers.append(torch.cat([levels, logits[:, -1:]], dim=-1).numpy())
    return answers


_FIRST = {"ngram_range": [(1, 1), (1, 2)], "C": [1, 3, 10], "class_weight": [None, "balanced"]}
_THEN = [{"min_df": [1, 3]}, {"sublinear_tf": [False]}]
"""Searched one after the other: what is best of the first, then one thing more at a time."""


def baseline(train: Part, dev: Part, neutral: bool, tokens: str) -> np.ndarray:
    """What logistic regression says of dev's utterances, (M,), those of neutral left out unless it is asked for."""
    own, asked = (neutral | (part.emotion != NEUTRAL) for part in (train, dev))
    texts, judged = ([text for text, keep in zip(p.texts, k) if keep] for p, k in ((train, own), (dev, asked)))
    vectorizer = TfidfVectorizer(min_df=2, sublinear_tf=True, dtype=np.float32, token_pattern=TOKENS[tokens])
    model = make_pipeline(vectorizer, LogisticRegression(max_iter=300, tol=1e-3))
    step_of = {"C": "logisticregression__C", "class_weight": "logisticregression__class_weight"}
    found, best = {}, -1.0
    for more in [_FIRST, *_THEN]:
        grid = {step_of.get(key, f"tfidfvectorizer__{key}"): values for key, values in more.items()}
        search = GridSearchCV(
            clone(model).set_params(**found), grid, scoring="f1_weighted", cv=GroupKFold(3), refit=False
        )
        search.fit(texts, train.emotion[own], groups=train.groups[own])
        if search.best_score_ > best:
            found, best = {**found, **search.best_params_}, search.best_score_
    _LOG.info("%s, neutral %s: %.4f on parts of train with %s", tokens, neutral, best, found)
    return model.set_params(**found).fit(texts, train.emotion[own]).predict(judged)


def weighted_f1(expected: np.ndarray, said: np.ndarray) -> float:
    return float(f1_score(expected, said, average="weighted", zero_division=0.0))


def ahead(expected: np.ndarray, groups: np.ndarray, ours: Sequence[np.ndarray], theirs: np.ndarray) -> np.ndarray:
    """(3,) mean gain in weighted F1 over our seeds and its 95 % interval, dialogues drawn anew a thousand times."""
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    gains = []
    for _ in range(1000):
        drawn = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        of_ours = np.mean([weighted_f1(expected[drawn], said[drawn]) for said in ours])
        gains.append(of_ours - weighted_f1(expected[drawn], theirs[drawn]))
    mean = np.mean([weighted_f1(expected, said) for said in ours]) - weighted_f1(expected, theirs)
    return np.array([mean, *np.percentile(gains, [2.5, 97.5])])


def compare(train: Part, dev: Part, answers: List[np.ndarray]) -> Dict[str, dict]:
    """For each task: our mean and spread, and for each baseline its score and how far we are ahead."""
    found = {}
    for task, neutral in TASKS.items():
        asked = neutral | (dev.emotion != NEUTRAL)
        expected, groups = dev.emotion[asked], dev.groups[asked]
        ours = [said[asked, : NEUTRAL + neutral].argmax(-1) for said in answers]
        scores = [weighted_f1(expected, said) for said in ours]
        found[task] = {"ours": scores, "baselines": {}}
        for tokens in TOKENS:
            theirs = baseline(train, dev, neutral, tokens)
            gain = ahead(expected, groups, ours, theirs)
            found[task]["baselines"][tokens] = (weighted_f1(expected, theirs), gain)
    return found


def table(found: Dict[str, dict]) -> str:
    lines = [
        f"{'weighted F1':14s} {'ours':>7s} {'spread':>7s}   TF-IDF + logistic regression, and how far ours is ahead"
    ]
    for task, of in found.items():
        lines.append(f"{task:14s} {np.mean(of['ours']):7.4f} {np.std(of['ours']):7.4f}")
        for tokens, (score, gain) in of["baselines"].items():
            lines.append(
                f"{'':33s}{tokens:16s} {score:.4f}   {gain[0]:+.4f} (95 % interval {gain[1]:+.4f} to {gain[2]:+.4f})"
            )
    return "\n".join(lines)


def _cache(part: Part, config: TrainingConfig) -> TokenCache:
    """Clips without a face."""
    tracks = tuple(slot_track(clip, config.grid) for clip in part.dialogues)
    regions = config.head.rows * config.head.columns
    return TokenCache(np.zeros((0, regions, config.head.token_dim), np.float16), tracks, (0,) * len(tracks))


def _fuzzy(config: TrainingConfig) -> FuzzyInputs:
    rules = load_rule_base(HERE.parent / config.rules).table(None)
    return FuzzyInputs(
        RuleTensors.from_table(rules), torch.tensor([config.fuzzy.component_range, config.fuzzy.intensity_range])
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--config", type=Path, default=HERE / "text_alone.yaml")
    parser.add_argument("--held-out", action="store_true", help="judge on dialogues of train, dev is not read")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    config = load_config(options.config)
    torch.set_num_threads(max(1, config.threads))
    train = read(options.folder / "train_sent_emo.csv")
    train, dev = halves(train) if options.held_out else (train, read(options.folder / "dev_sent_emo.csv"))
    began, asked = time.process_time(), dev.emotion != NEUTRAL
    answers = our_answers(train, dev, config, options.seeds)
    for seed, said in enumerate(answers):
        six = weighted_f1(dev.emotion[asked], said[asked, :NEUTRAL].argmax(-1))
        print(f"seed {seed}: six {six:.4f}, with neutral {weighted_f1(dev.emotion, said.argmax(-1)):.4f}", flush=True)
    print(f"{time.process_time() - began:.0f} s of CPU", flush=True)
    print(table(compare(train, dev, answers)))


if __name__ == "__main__":
    main()
