"""Few real faces: fine-tuning from a bundle beside a plain network from nothing, same budget, same folds.

    python bench/real_faces.py FOLDER [--bundle models/generated_faces] [--seeds 5] [--steps 360] [--out FILE.jsonl]

FOLDER is CK+ in its 48x48 form. Folds over subjects; a *sequence* is scored, not its near-duplicate pictures.
"few": 20 % of the training sequences, 30 % of their labels wrong, half of the steps. Ours begins with the bundle's
frame encoder, and generated faces stay in every batch. What is done stands in --out, so the same command goes on
where it stopped, and prints the table again when all is done.

This judges single pictures through the read-out of the frame encoder; the window head has no part in it.
"""

import argparse
import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from stf2m_ros.data.frame_set import FrameSet
from stf2m_ros.data.generated_faces.clip import generate_clip
from stf2m_ros.data.generated_faces.settings import GeneratorSettings
from stf2m_ros.data.sets.ckplus48 import CkPlus48
from stf2m_ros.data.sets.face_reading import WHOLE, FaceReading
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.emotions import EMOTIONS, INTENSITIES
from stf2m_ros.evaluation.scores.subject_folds import Labelled, few_and_partly_wrong, paired_difference, subject_folds
from stf2m_ros.export.from_graph import encoder_from_graph
from stf2m_ros.meta.augmentation import AugmentationSettings, augment
from stf2m_ros.meta.devices import mixed_precision
from stf2m_ros.meta.losses import masked_square
from stf2m_ros.meta.pretraining import FrameReadout, normalise
from stf2m_ros.meta.token_cache import encode_faces
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE
from stf2m_ros.stream.settings import Preprocessing

PIXELS = Preprocessing()
OURS, PLAIN, UNTOUCHED = "from the bundle", "plain, from nothing", "the bundle, untouched"
FEW_SHARE, WRONG_SHARE = 0.2, 0.3  # the paper's Table V
BATCH, BESIDE = 32, 16
"""Real and generated faces of a step."""
GENERATED_CLIPS = 200
GENERATED_WEIGHT = 0.5
AVERAGING = get_ema_multi_avg_fn(0.98)
"""The weights that are judged are an average over the last steps: of few pictures each step is noisy."""


class Trust(NamedTuple):
    """given: how far a given label counts beside what the network believed before it saw real faces.

    generated: weight of the generated faces' emotions. Their components always count: what moves in a face is the same
    in all of them, but what it means the real labels know better, where there are enough of them and they are right.
    At 0 the emotions' read-out begins anew, so that nothing but real labels teaches it.
    """

    given: float
    generated: float


TRUST = {"all": Trust(1.0, 0.0), "few": Trust(0.5, 1.0)}


class RealFaces(NamedTuple):
    """Sequences of one person and one emotion each."""

    frames: List[np.ndarray]  # (n, H, W, 3) RGB uint8 each
    emotion: np.ndarray  # (sequences,)
    subjects: List[str]


@dataclass(frozen=True)
class Study:
    """What all runs share."""

    real: RealFaces
    generated: FrameSet
    start: FrameReadout  # of the bundle, read out on generated faces
    steps: int
    folds: int


def read_faces(folder: Path) -> RealFaces:
    found = [clip for clip in clips(CkPlus48(folder, FaceReading(WHOLE, PIXELS))) if not clip.labels[0].is_neutral]
    emotion = np.array([clip.labels[0].class_index // len(INTENSITIES) for clip in found])
    return RealFaces([clip.frames for clip in found], emotion, [clip.subject for clip in found])


def generated_faces() -> FrameSet:
    """Two frames a second of many people."""
    settings = GeneratorSettings(frames_per_s=2.0)
    clips_ = [generate_clip(seed, settings) for seed in tqdm(range(GENERATED_CLIPS), desc="generate faces")]
    parts = ([clip.frames for clip in clips_], [clip.frame_classes for clip in clips_], [c.components for c in clips_])
    return FrameSet(*(np.concatenate(part) for part in parts))


def read_out(bundle: Path, faces: FrameSet) -> FrameReadout:
    """The bundle's encoder, and what generated faces teach about reading its tokens."""
    torch.manual_seed(0)
    settling = normalise(pictures(faces.faces[:: max(1, len(faces) // 256)]), PIXELS)
    encoder = encoder_from_graph(bundle / FRAME_ENCODER_FILE, settling).to(memory_format=torch.channels_last)
    readout = FrameReadout(encoder, regions=16, token_dim=encoder.project.out_features).eval()
    tokens = torch.from_numpy(encode_faces(encoder, faces.faces, PIXELS))
    emotion = torch.from_numpy(faces.class_index // len(INTENSITIES)).long()
    states = torch.from_numpy(faces.components)
    optimiser = torch.optim.AdamW([*readout.emotion.parameters(), *readout.components.parameters()], lr=2e-3)
    for _ in range(500):
        chosen = torch.randint(len(tokens), (256,))
        logits, found = readout.read(tokens[chosen])
        loss = functional.cross_entropy(logits, emotion[chosen]) + 8 * masked_square(found, states[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return readout


def network(study: Study, begin: str) -> FrameReadout:
    torch.manual_seed(0)
    if begin != PLAIN:
        return copy.deepcopy(study.start)
    width, token_dim = study.start.encoder.conv1.out_channels, study.start.encoder.project.out_features
    encoder = FrameEncoder(FrameEncoderConfig(width, token_dim)).to(memory_format=torch.channels_last)
    return FrameReadout(encoder, regions=16, token_dim=token_dim).eval()


def pictures(frames: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def beliefs(readout: FrameReadout, frames: np.ndarray) -> Tensor:
    """(n, 6) what the network believes of each picture, averaged over it, a closer look, and the mirror images."""
    faces = pictures(frames)
    closer = functional.interpolate(faces, scale_factor=1.1, mode="bilinear", align_corners=False)
    edge = (closer.shape[-1] - faces.shape[-1]) // 2
    closer = closer[..., edge : edge + faces.shape[-2], edge : edge + faces.shape[-1]]
    views = [faces, faces.flip(-1), closer, closer.flip(-1)]
    return torch.stack([readout(normalise(view, PIXELS))[0][:, : len(EMOTIONS)].softmax(-1) for view in views]).mean(0)


def fine_tune(
    readout: FrameReadout, study: Study, given: Labelled, steps: int, trust: Optional[Trust], seed: int
) -> FrameReadout:
    """The targets of a picture: its given label and, as far as that is not trusted, what the network believed before.

    trust: none for a network that knew nothing before; no generated faces stand beside its real ones.
    """
    frames = np.concatenate([study.real.frames[clip] for clip in given.clips])
    counts = [len(study.real.frames[clip]) for clip in given.clips]
    labels = torch.from_numpy(np.repeat(given.labels, counts))
    target = functional.one_hot(labels, len(EMOTIONS)).float()
    if trust is not None:
        target = torch.lerp(beliefs(readout, frames), target, trust.given)
    chance = 1 / torch.bincount(labels, minlength=len(EMOTIONS)).float().clamp(min=1).sqrt()[labels]
    optimiser = torch.optim.AdamW(readout.parameters(), lr=0.0, weight_decay=0.02)
    averaged = AveragedModel(readout, multi_avg_fn=AVERAGING, use_buffers=True)
    readout.train()
    for step in range(steps):
        rate = 6e-4 * min(1, (step + 1) / 20) * (0.5 + 0.5 * np.cos(np.pi * step / steps))
        optimiser.param_groups[0]["lr"] = rate
        generator = torch.Generator().manual_seed(100_003 * seed + step)
        chosen = torch.multinomial(chance, BATCH, replacement=True, generator=generator)
        loss = _loss(readout, study.generated, trust, frames[chosen], target[chosen], generator)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(readout.parameters(), 1.0)
        optimiser.step()
        averaged.update_parameters(readout)
    return averaged.module.eval()


def mixed(faces: Tensor, target: Tensor, generator: torch.Generator) -> Tuple[Tensor, Tensor]:
    """The real faces, the first of a batch, each blended with another one, and their targets likewise."""
    other = torch.randperm(BATCH, generator=generator)
    share = 0.35 * torch.rand(BATCH, generator=generator)
    blended = torch.lerp(faces[:BATCH], faces[other], share.view(-1, 1, 1, 1))
    return torch.cat([blended, faces[BATCH:]]), torch.lerp(target, target[other], share[:, None])


def _loss(
    readout: FrameReadout,
    beside: FrameSet,
    trust: Optional[Trust],
    frames: np.ndarray,
    target: Tensor,
    generator: torch.Generator,
) -> Tensor:
    faces, states = pictures(frames), torch.full((BATCH, 12), float("nan"))
    if trust is not None:
        index = np.sort(torch.randint(len(beside), (BESIDE,), generator=generator).numpy())
        faces = torch.cat([faces, pictures(beside.faces[index])])
        states = torch.cat([states, torch.from_numpy(beside.components[index])])
    faces, states = augment(faces, states, AugmentationSettings(), generator)
    faces, target = mixed(faces, target, generator)
    with mixed_precision(faces.device, wanted=True):
        logits, found = readout(normalise(faces, PIXELS))
    loss = functional.cross_entropy(logits[:BATCH, : len(EMOTIONS)].float(), target, label_smoothing=0.1)
    if trust is not None:
        emotion = torch.from_numpy(beside.class_index[index] // len(INTENSITIES)).long()
        meant = trust.generated * functional.cross_entropy(logits[BATCH:].float(), emotion)
        loss = loss + GENERATED_WEIGHT * (meant + 8 * masked_square(found.float(), states))
    return loss


def run(study: Study, method: str, data: str, seed: int, fold_number: int) -> Dict[int, bool]:
    """Clip index -> right, for the fold's unseen subjects."""
    fold = subject_folds(study.real.subjects, study.folds, seed)[fold_number]
    given = Labelled(fold.train, study.real.emotion[fold.train])
    if data == "few":
        draw = 1000 * seed + fold_number
        given = few_and_partly_wrong(fold.train, study.real.emotion, FEW_SHARE, WRONG_SHARE, draw)
    readout = network(study, method)
    if method != UNTOUCHED:
        trust = TRUST[data] if method == OURS else None
        steps = study.steps if data == "all" else study.steps // 2
        if trust is not None and not trust.generated:
            torch.manual_seed(seed)
            readout.emotion.reset_parameters()
        number = 100 * seed + fold_number
        readout = fine_tune(readout, study, given, steps, trust, seed=number)
    said = {int(clip): int(beliefs(readout, study.real.frames[clip]).mean(0).argmax()) for clip in fold.test}
    return {clip: answer == int(study.real.emotion[clip]) for clip, answer in said.items()}


def table(rows: List[dict], subjects: List[str]) -> str:
    """Mean, worst run and the paired difference to the plain network."""
    lines = [f"{'data':5s} {'method':22s} {'runs':>4s} {'mean':>7s} {'worst':>7s}   ahead of plain (95 % interval)"]
    for data in ("all", "few"):
        for method in (OURS, PLAIN, UNTOUCHED):
            by_seed = _seeds(rows, method, data)
            if not by_seed:
                continue
            scores = [np.mean(list(right.values())) for right in by_seed.values()]
            line = f"{data:5s} {method:22s} {len(scores):4d} {np.mean(scores):7.1%} {np.min(scores):7.1%}"
            plain = _seeds(rows, PLAIN, data)
            if method != PLAIN and plain.keys() == by_seed.keys():
                gap = paired_difference(_share_right(by_seed), _share_right(plain), subjects)
                line += f"   {gap.mean:+.1%} ({gap.low:+.1%} to {gap.high:+.1%})"
            lines.append(line)
    return "\n".join(lines)


def _seeds(rows: List[dict], method: str, data: str) -> Dict[int, Dict[int, bool]]:
    """Seed -> every clip's answer, of the seeds of which all folds are done."""
    found: Dict[int, Dict[int, bool]] = {}
    folds = max((row["folds"] for row in rows), default=0)
    for seed in sorted({row["seed"] for row in rows}):
        parts = [row for row in rows if (row["method"], row["data"], row["seed"]) == (method, data, seed)]
        if len(parts) == folds:
            found[seed] = {int(clip): right for row in parts for clip, right in row["right"].items()}
    return found


def _share_right(by_seed: Dict[int, Dict[int, bool]]) -> np.ndarray:
    clips_ = sorted(next(iter(by_seed.values())))
    return np.array([[right[clip] for clip in clips_] for right in by_seed.values()]).mean(0)


def _jobs(seeds: int, folds: int, data: List[str]) -> List[Tuple[str, str, int, int]]:
    kinds = [(UNTOUCHED, "all"), (OURS, "all"), (OURS, "few"), (PLAIN, "all"), (PLAIN, "few")]
    kinds = [kind for kind in kinds if kind[1] in data]
    return [(method, data, seed, fold) for seed in range(seeds) for method, data in kinds for fold in range(folds)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bundle", type=Path, default=Path("models/generated_faces"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=360)
    parser.add_argument("--data", nargs="+", choices=list(TRUST), default=list(TRUST))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, default=Path("out/bench/real_faces.jsonl"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    real = read_faces(options.folder)
    generated = generated_faces()
    study = Study(real, generated, read_out(options.bundle, generated), options.steps, options.folds)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    done = {(row["method"], row["data"], row["seed"], row["fold"]) for row in rows}
    for method, data, seed, fold in _jobs(options.seeds, options.folds, options.data):
        if (method, data, seed, fold) in done:
            continue
        right = run(study, method, data, seed, fold)
        row = {"method": method, "data": data, "seed": seed, "fold": fold, "folds": options.folds, "right": right}
        rows.append(row)
        with open(options.out, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(f"seed {seed} fold {fold} {data}: {method}: {np.mean(list(right.values())):.1%}", flush=True)
    print(f"\n{len(real.frames)} sequences of {len(set(real.subjects))} people, {options.steps} steps a run")
    print(table([{**row, "right": {int(k): v for k, v in row["right"].items()}} for row in rows], real.subjects))


if __name__ == "__main__":
    main()
