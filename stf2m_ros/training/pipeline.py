"""The steps from nothing to a bundle. Each finds what it made before: the same command goes on where it stopped."""

import hashlib
import logging
from pathlib import Path
from typing import Dict, Optional

import torch
from torch.utils.tensorboard import SummaryWriter

from stf2m_ros.data.frame_set import FrameSet, frame_set
from stf2m_ros.data.rule_labels import RuleLabelling
from stf2m_ros.export.to_onnx import round_to_half, shippable
from stf2m_ros.fuzzy.rule_base import load_rule_base
from stf2m_ros.meta.meta_training import MetaLearner, MetaTrainingTask
from stf2m_ros.meta.pretraining import FrameReadout, PretrainingTask, frame_scores
from stf2m_ros.meta.tasks import TaskSampler
from stf2m_ros.meta.token_cache import TokenCache, token_cache, with_read_states
from stf2m_ros.meta.training_loop import run_steps
from stf2m_ros.meta.window_batches import WindowSampler, cache_vocabulary, class_counts
from stf2m_ros.meta.window_scores import all_scores, beginnings, fit_temperature, judge
from stf2m_ros.meta.window_training import FuzzyInputs, WindowModel, WindowTrainingTask
from stf2m_ros.net.frame_encoder import FrameEncoder
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.training.bundle_writing import Trained, write_bundle
from stf2m_ros.training.config import TrainingConfig
from stf2m_ros.training.sources import SPLITS, ClipNames, joined, prepare_data_set, prepare_generated, stores_below
from stf2m_ros.training.zero_shot import zero_shot_scores

_LOG = logging.getLogger(__name__)


class TrainingPipeline:
    """prepare -> pre-train -> encode once -> train on windows (-> meta-train) -> calibrate -> export."""

    def __init__(self, config: TrainingConfig, real_faces: Optional[Path] = None) -> None:
        """real_faces: a set in the form of stf2m_ros.data.sets.ckplus48, looked at in the end, never trained on."""
        self.config = config
        self.real_faces = real_faces
        self.work = Path(config.work_folder)
        self.stores = stores_below(self.work / "clips")
        self.clips: ClipNames = {}
        self.table = load_rule_base(Path(config.rules)).table(config.fuzzy.max_rules)
        ranges = torch.tensor([config.fuzzy.component_range, config.fuzzy.intensity_range])
        self.fuzzy = FuzzyInputs(RuleTensors.from_table(self.table), ranges)

    def run(self) -> Dict[str, Dict[str, float]]:
        """All steps; returns the scores that the bundle's card carries."""
        if self.config.threads:
            torch.set_num_threads(self.config.threads)
        self.prepare()
        readout = self.pretrain()
        readout.encoder = shippable(readout.encoder)  # from here on everything sees what the robot will run
        caches = {split: self.encode(readout.encoder, split) for split in SPLITS}
        caches["train"] = self.read_states(readout, caches["train"])
        model = self.train_on_windows(caches["train"], caches["validation"])
        if self.config.bilevel:
            self.meta_train(model, caches["train"])
        round_to_half(model)
        return self.finish(readout, model, caches["train"].has_component_labels, caches["validation"])

    def prepare(self) -> None:
        """Store every clip that is missing, generated ones and those of the data sets."""
        fuzzy = self.config.fuzzy
        labelling = RuleLabelling(self.table, fuzzy.component_range, fuzzy.intensity_range)
        read = [prepare_data_set(source, labelling, self.stores) for source in self.config.data_sets]
        self.clips = joined((prepare_generated(self.config.clips, self.stores), *read))

    def pretrain(self) -> FrameReadout:
        """Stage 1: the frame encoder."""
        torch.manual_seed(self.config.seed)
        head, settings = self.config.head, self.config.pretraining
        encoder = FrameEncoder(self.config.encoder).to(memory_format=torch.channels_last)
        readout = FrameReadout(encoder, head.rows * head.columns, head.token_dim)
        task = PretrainingTask(readout, self._frames("train"), settings, self.config.preprocessing, self.config.seed)
        with self._curves() as writer:
            run_steps("pre-train", readout, task, settings.optimiser, self.work / "pretraining.safetensors", writer)
        scores = frame_scores(readout, self._frames("validation"), self.config.preprocessing)
        _LOG.info("frames of unseen people: %s", scores)
        return readout

    def encode(self, encoder: FrameEncoder, split: str) -> TokenCache:
        """Every frame of the split, once."""
        folder, config = self.work / "tokens" / split, self.config
        stamp = weights_stamp(encoder)
        return token_cache(
            self.stores[split], self.clips[split], encoder, stamp, config.preprocessing, config.grid, folder
        )

    def read_states(self, readout: FrameReadout, training: TokenCache) -> TokenCache:
        """With what the read-out saw in every frame: what the head is held to where no component is known."""
        if not training.has_component_labels:
            _LOG.warning("no facial component is labelled: nothing holds the explanations of the rules to the face")
            return training
        return with_read_states(training, readout, weights_stamp(readout), self.work / "tokens" / "train")

    def train_on_windows(self, training: TokenCache, validation: TokenCache) -> WindowModel:
        """Stage 2, at a single level."""
        torch.manual_seed(self.config.seed + 1)
        words = cache_vocabulary(training, validation)
        model = WindowModel(self.config.head, self.config.text, words, self.fuzzy)
        settings = self.config.window_training
        sampler = WindowSampler(training, self.config.grid, settings.sampling, words)
        task = WindowTrainingTask(model, sampler, class_counts(training), settings, self.config.seed)
        with self._curves() as writer:
            run_steps("windows", model, task, settings.optimiser, self.work / "windows.safetensors", writer)
        return model

    def meta_train(self, model: WindowModel, training: TokenCache) -> None:
        """Stage 2 at two levels, on from the single level's weights."""
        settings = self.config.meta_training
        windows = WindowSampler(training, self.config.grid, self.config.window_training.sampling, model.vocabulary)
        learner = MetaLearner(model, settings.inner)
        tasks = TaskSampler(windows, settings.task)
        task = MetaTrainingTask(learner, tasks, class_counts(training), settings, self.config.seed)
        with self._curves() as writer:
            run_steps("meta-train", learner, task, settings.optimiser, self.work / "meta.safetensors", writer)
        model.eval()

    def finish(
        self, readout: FrameReadout, model: WindowModel, component_labels: bool, validation: TokenCache
    ) -> Dict[str, Dict[str, float]]:
        """Score on unseen people, calibrate, look at real faces, export, check parity, write the card."""
        config = self.config
        sampler = WindowSampler(validation, config.grid, config.window_training.sampling, model.vocabulary)
        temperature = fit_temperature(judge(model, sampler, beginnings(sampler, config.grid.span_s)))
        scores = all_scores(model, sampler)
        scores["frames"] = frame_scores(readout, self._frames("validation"), config.preprocessing)
        if self.real_faces is not None:
            real = zero_shot_scores(self.real_faces, readout, model, config.preprocessing, config.grid)
            _LOG.info("real faces, never trained on: %s", real)
            scores["zero_shot_real_faces"] = real
        write_bundle(config, Trained(readout.encoder, model, temperature, component_labels), scores)
        return scores

    def _frames(self, split: str) -> FrameSet:
        per_clip, folder = self.config.pretraining.frames_per_clip, self.work / "frames" / split
        return frame_set(self.stores[split], self.clips[split], folder, per_clip, self.config.grid)

    def _curves(self) -> SummaryWriter:
        return SummaryWriter(str(self.work / "curves"))


def weights_stamp(module: torch.nn.Module) -> str:
    """A name for a module's weights: the beginning of their sha256."""
    digest = hashlib.sha256()
    for tensor in module.state_dict().values():
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
