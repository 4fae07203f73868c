"""Words begin at regression: which emotion each word tells, found at once and written into the text path.

A few thousand utterances teach a network by steps less than they teach a penalised regression, whose best weights are
there in a second. So the subword table, the straight way of the words and the last layer begin as that regression; what
the window adds is learned from there. It is fitted to what the head is given: sums of word vectors per segment.
"""

from copy import copy
from dataclasses import dataclass, replace
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, diags, hstack, vstack
from scipy.special import log_softmax

from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NUM_CLASSES
from stf2m_ros.meta.intervals import Interval, by_words, cut_ending_with, intervals, pooling
from stf2m_ros.meta.window_batches import MAX_UTTERANCE_WORDS, NO_WORD, Cut, WindowSampler
from stf2m_ros.meta.window_training import WindowModel
from stf2m_ros.net.text_table import TextTable
from stf2m_ros.stream.spoken_utterances import BEFORE, TONE
from stf2m_ros.stream.text_embedding import BETWEEN

KINDS = len(EMOTIONS) + 1
"""The six emotions and neutral: words alone tell no level."""
OF_LEVELS = np.log([len(INTENSITIES)] * len(EMOTIONS) + [1])
"""(7,) by how much the levels of a kind together outweigh one of them, where all are alike."""
_BIAS_SCALE = 3.0  # of the constant's column: its penalty is a ninth of a word's
_EVIDENCE_SCALE = 0.05
"""Of weights in the table, whose vectors have length one: small beside its constant, or that would bend them."""


@dataclass(frozen=True)
class TextRegressionSettings:
    """penalty: of squared weights. balance: kinds weigh counts ** -balance. steps: of L-BFGS.

    emotion_penalty, emotion_balance: the same where neutral utterances are left out, see `_of_both`. fewest: what is in
    fewer utterances tells nothing. tone_share, before_share: how freely a word with its utterance's marks, and a word
    of the utterance before, may tell, beside a plain word. All were chosen on parts of MELD's train.
    """

    penalty: float = 1e-4
    balance: float = 0.5
    emotion_penalty: float = 1.5e-4
    emotion_balance: float = 0.8
    steps: int = 80
    fewest: int = 2
    tone_share: float = 0.6
    before_share: float = 0.5


class Spoken(NamedTuple):
    """N utterances."""

    words: csr_matrix  # (N, V) how much of each word of the vocabulary there is
    kind: np.ndarray  # (N,) emotion or neutral
    texts: List[str]  # (V,) the vocabulary


class Regression(NamedTuple):
    """Logit of each level of a kind, of a segment: the sum of its words' weights and the bias."""

    weights: np.ndarray  # (buckets, 7)
    bias: np.ndarray  # (7,)


def spoken_in(sampler: WindowSampler) -> Spoken:
    """Every labelled utterance, its segments added up as their logits will be."""
    if sampler.text.whole_utterances:
        which = intervals(sampler)
        words = vstack([_newest_utterance(sampler, interval) for interval in which])
        kind = np.array([_kind_of(sampler, interval) for interval in which])
    else:
        labelled = sorted({interval.clip for interval in intervals(sampler)})
        of_clips = [_of_clip(sampler, clip) for clip in labelled]
        words, kind = vstack([words for words, _ in of_clips]), np.concatenate([kind for _, kind in of_clips])
    return Spoken(words.tocsr(), kind, list(sampler.word_id))


def _kind_of(sampler: WindowSampler, interval: Interval) -> int:
    track = sampler.cache.tracks[interval.clip]
    return int(track.class_index[track.label_index == interval.label][0]) // len(INTENSITIES)


def _newest_utterance(sampler: WindowSampler, interval: Interval) -> csr_matrix:
    """(1, V) what the newest segment holds when the interval ends."""
    cut = cut_ending_with(sampler, interval)
    ids = sampler.word_ids(cut, sampler.grid.slots - cut.length)[-1]
    before, own = (part[part != NO_WORD] for part in np.split(ids, [MAX_UTTERANCE_WORDS]))
    weight = np.repeat([1.0, sampler.text.lookups], [len(before), len(own)])
    weight /= np.repeat([max(1, len(before)), max(1, len(own))], [len(before), len(own)])
    told = np.concatenate([before, own])
    return csr_matrix((np.sqrt(weight), (np.zeros(len(told), int), told)), (1, len(sampler.word_id)))


def _of_clip(sampler: WindowSampler, clip: int) -> Tuple[csr_matrix, np.ndarray]:
    """The whole clip as one window, whatever its length."""
    length, per_segment = len(sampler.cache.tracks[clip]), sampler.grid.slots_per_segment
    span_s = -(-length // per_segment) * sampler.grid.segment_s
    grid = replace(sampler.grid, span_s=span_s, settle_s=0.0)
    whole = copy(sampler)  # not a new one: its words would be numbered again for every clip
    whole.grid = grid
    cut = Cut(clip, 0, length)
    window, pooled = whole.cut([cut]), pooling(whole, [cut])
    ids = window.word_ids[0]
    segment, place = np.nonzero(ids != NO_WORD)
    held = csr_matrix((np.ones(len(segment)), (segment, ids[segment, place])), (len(ids), len(sampler.word_id)))
    weight = by_words(pooled, window, sampler.text.pairs).numpy()
    return csr_matrix(weight) @ held, pooled.class_index.numpy() // len(INTENSITIES)


def fit_regression(spoken: Spoken, text: TextTable, settings: TextRegressionSettings) -> Regression:
    """The weights of the table's buckets that tell the utterances' kinds best. Nothing in it is drawn at random.

    Raises ValueError where no utterance holds a word.
    """
    if not spoken.words.nnz:
        raise ValueError(f"expected words in labelled clips to begin at a regression, found none in {len(spoken.kind)}")
    shares = bucket_shares(text)
    every = (spoken.words @ shares).tocsc()
    counts = np.diff(every.indptr)
    met = np.flatnonzero(counts >= settings.fewest)
    scale = _trust(counts[met], len(spoken.kind)) * _freedom(shares, spoken.texts, settings)[met]
    weights, bias = _of_both((every[:, met] @ diags(scale)).tocsr(), spoken.kind, settings)
    placed = np.zeros((every.shape[1], KINDS), np.float32)
    placed[met] = weights * scale[:, None]
    return Regression(placed, bias)


def _trust(counts: np.ndarray, utterances: int) -> np.ndarray:
    """By how much more a rare word may tell: inverse document frequency, 1 / 6 to about 1."""
    return (np.log((1 + utterances) / (1 + counts)) + 1) / 6


def _freedom(shares: csr_matrix, texts: Sequence[str], settings: TextRegressionSettings) -> np.ndarray:
    """(buckets,) mean share of what is in each."""
    of_texts = np.array([_share_of(text, settings) for text in texts])
    total, count = (shares.T @ np.stack([of_texts, np.ones(len(texts))], axis=1)).T
    return total / np.maximum(count, 1e-9)


def _share_of(text: str, settings: TextRegressionSettings) -> float:
    if BETWEEN + TONE in text:
        return settings.tone_share
    return settings.before_share if text.endswith(BETWEEN + BEFORE) else 1.0


def bucket_shares(text: TextTable) -> csr_matrix:
    """(V, buckets) of which buckets each word's vector is the mean."""
    buckets, edges = text.ngrams.cpu().numpy(), [*text.offsets.tolist(), len(text.ngrams)]
    counts = np.diff(edges)
    shares = np.repeat(1.0 / counts, counts)
    return csr_matrix((shares, buckets, edges), (len(counts), text.table.num_embeddings))


def begin_at(regression: Regression, model: WindowModel) -> None:
    """The model says what the regression says until something else is learned. It must have word_evidence.

    Raises ValueError where the table or the embedding has too few numbers for the kinds, or the words are averaged.
    """
    text, head = model.text, model.head
    if head.evidence is None or not model.text_settings.add_up:
        raise ValueError("expected head.word_evidence and text.add_up to begin at a regression, found one of them off")
    if text.table.embedding_dim <= KINDS or head.evidence.keep.numel() < KINDS:
        raise ValueError(f"expected a text table of rank {KINDS + 1} or more, found {text.table.embedding_dim}")
    with torch.no_grad():
        _write_table(text, regression)
        head.evidence.read.weight.zero_()
        head.evidence.read.weight[:KINDS, :KINDS] = torch.eye(KINDS) / _EVIDENCE_SCALE
        head.evidence.keep[:KINDS] = 0.0
        head.last_layer.zero_()
        for index in range(NUM_CLASSES):
            kind = index // len(INTENSITIES)
            head.last_layer[index, kind] = 1.0
            head.last_layer[index, -1] = float(regression.bias[kind])


def _write_table(text: TextTable, regression: Regression) -> None:
    text.table.weight.zero_()
    text.table.weight[:, :KINDS] = torch.from_numpy(regression.weights) * _EVIDENCE_SCALE
    text.table.weight[:, KINDS] = 1.0  # the constant: what every word has, so that most have nearly nothing else
    text.project.weight.zero_()
    text.project.weight[: KINDS + 1, : KINDS + 1] = torch.eye(KINDS + 1)


def _of_both(seen: csr_matrix, kind: np.ndarray, settings: TextRegressionSettings) -> Tuple[np.ndarray, np.ndarray]:
    """Weights (M, 7) of the buckets met and bias (7,), of two fits.

    Neutral utterances, the most frequent, bend what tells the emotions from one another. So that is the mean of the fit
    to all and of one to the emotional utterances; how likely any emotion is against neutral is the former's alone.
    """
    both = _fitted(seen, kind, KINDS, settings.penalty, settings.balance, settings.steps)
    emotional, count = kind < len(EMOTIONS), len(EMOTIONS)
    if emotional.any():
        alone = _fitted(
            seen[emotional], kind[emotional], count, settings.emotion_penalty, settings.emotion_balance, settings.steps
        )
        any_emotion = both[:, :count].mean(axis=1, keepdims=True)
        both[:, :count] += any_emotion + alone - alone.mean(axis=1, keepdims=True)
        both[:, :count] /= 2
    return both[:-1], both[-1] * _BIAS_SCALE


def _fitted(seen: csr_matrix, kind: np.ndarray, kinds: int, penalty: float, balance: float, steps: int) -> np.ndarray:
    """(M + 1, kinds) weights, the last of the constant's column: least weighted cross-entropy with a penalty."""
    x = hstack([seen, csr_matrix(np.full((seen.shape[0], 1), _BIAS_SCALE))]).tocsr().astype(np.float32)
    transposed = x.T.tocsr()
    expected, counts = np.eye(kinds)[kind], np.bincount(kind, minlength=kinds)
    importance = np.where(counts > 0, np.maximum(counts, 1.0) ** -balance, 0.0)[kind]
    importance = importance[:, None] / importance.sum()

    def loss(flat: np.ndarray) -> Tuple[float, np.ndarray]:
        weights = flat.reshape(x.shape[1], kinds).astype(np.float32)
        log_probability = log_softmax(x @ weights + OF_LEVELS[:kinds], axis=1)
        error = ((np.exp(log_probability) - expected) * importance).astype(np.float32)
        value = -(importance * expected * log_probability).sum() + 0.5 * penalty * (weights**2).sum()
        return float(value), (transposed @ error + penalty * weights).ravel().astype(np.float64)

    options = {"maxiter": steps, "maxcor": 6}
    found = minimize(loss, np.zeros(x.shape[1] * kinds), jac=True, method="L-BFGS-B", options=options).x
    return found.reshape(x.shape[1], kinds)
