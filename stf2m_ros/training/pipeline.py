"""The steps from nothing to a bundle. Each finds what it made before: the same command goes on where it stopped."""

import logging
from pathlib import Path
from typing import Dict, Iterator, Optional, Tuple

import numpy as np
import torch

from stf2m_ros.data.fingerprint import fingerprint
from stf2m_ros.data.frame_set import FrameSet, frame_set
from stf2m_ros.data.rule_labels import RuleLabelling
from stf2m_ros.export.from_graph import encoder_from_graph
from stf2m_ros.export.to_onnx import round_to_half, shippable
from stf2m_ros.meta.checkpoint import MadeFrom, checkpoint_step
from stf2m_ros.meta.pretraining import FrameReadout, PretrainingTask, frame_scores, normalise
from stf2m_ros.meta.processes import ALONE, Processes
from stf2m_ros.meta.shared_batch_norm import share_batch_norm
from stf2m_ros.meta.token_cache import TokenCache, token_cache, with_read_states
from stf2m_ros.meta.window_scores import all_scores, beginnings, fit_temperature, judge
from stf2m_ros.meta.window_training import FuzzyInputs, WindowModel
from stf2m_ros.net.frame_encoder import FrameEncoder
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE
from stf2m_ros.training.bundle_writing import Trained, write_bundle
from stf2m_ros.training.clip_names import SPLITS, WINDOW_CLIPS, ClipNames, joined, stores_below
from stf2m_ros.training.config import TrainingConfig
from stf2m_ros.training.data_sources import prepare_data_sets
from stf2m_ros.training.fuzzy_ranges import RANGES_PICTURE, FittedRanges
from stf2m_ros.training.generated_clips import prepare_generated
from stf2m_ros.training.imagenet_weights import begin_with_imagenet
from stf2m_ros.training.kept_steps import KeptSteps
from stf2m_ros.training.made_from import PRETRAINING, settings_of, weights_stamp
from stf2m_ros.training.named_places import check_places, named_rules
from stf2m_ros.training.steps import STEPS, RunRecord
from stf2m_ros.training.window_stage import WindowStage
from stf2m_ros.training.zero_shot import zero_shot_scores

_LOG = logging.getLogger(__name__)
REAL_FACES = ("ckplus", "ckplus48")
"""Names of the data sets that hold the same pictures as the real faces that are looked at."""
SETTLING_FACES = 256
"""So many faces tell a bundle's encoder which statistics its normalisations begin with."""


class TrainingPipeline:
    """prepare -> pre-train -> encode once -> train on windows (-> meta-train) -> calibrate -> export."""

    def __init__(self, config: TrainingConfig, real_faces: Optional[Path] = None, processes: Processes = ALONE) -> None:
        """real_faces: a set in the form of stf2m_ros.data.sets.ckplus48, looked at in the end unless trained on.

        processes: those that train together. What is not training, the first does alone while the others wait.
        Raises ValueError where something that the configuration names is not there.
        """
        check_places(config)
        self.table = named_rules(config)
        self.config, self.processes = config, processes
        self.real_faces = real_faces
        self.work = Path(config.work_folder)
        self.kept = KeptSteps(self.work, processes)
        self.stores = stores_below(self.work / "clips")
        self.clips: ClipNames = {}
        self.scores: Dict[str, Dict[str, float]] = {}
        ranges = torch.tensor([config.fuzzy.component_range, config.fuzzy.intensity_range])
        self.fuzzy = FuzzyInputs(RuleTensors.from_table(self.table), ranges)

    def run(self, only: str = "") -> Dict[str, Dict[str, float]]:
        """All steps; returns the scores that the bundle's card carries, in the first process.

        only: one of STEPS, which is done alone; those before it must stand, else ValueError. No scores then.
        Raises ValueError where a checkpoint was made by another configuration.
        """
        if self.config.threads:
            torch.set_num_threads(self.config.threads)
        self.processes.share(self.config.smallest_batch())  # said now, not after hours of preparing
        record = RunRecord(self.config, self.processes.is_first)
        for line in record.plan():
            _LOG.info("%s", line)
        record.check_checkpoints(only)  # now too: the last of them would be met after hours
        if only:
            record.check_alone(only)
        steps = self._steps()
        for name in STEPS:
            with record.measured(name):
                next(steps)
            if name == only:
                break
        return self.scores

    def _steps(self) -> Iterator[None]:
        """Yields after each of STEPS."""
        with self.processes.first_goes_ahead():
            self.prepare()
        yield
        readout = self.pretrain()
        learned_from = self.learned_from(readout)
        yield
        readout.encoder = shippable(readout.encoder)  # from here on everything sees what the robot will run
        self.processes.copy_from_first(readout)
        caches = {split: self.encode(readout.encoder, split) for split in SPLITS}
        caches["train"] = self.read_states(readout, caches["train"])
        yield
        stage = WindowStage(self.config, self.fuzzy, caches, self.kept, learned_from)
        names = ((self.stores[split], self.clips[split]) for split in SPLITS)
        model = stage.train(clip for store, of_split in names for clip in store.read_all(of_split, frames=False))
        yield
        learner = stage.meta_train(model) if self.config.bilevel else None
        yield
        fitted = stage.fit_ranges(model, learner)
        yield
        round_to_half(model)
        with self.processes.first_goes_ahead():
            if self.processes.is_first:
                self.scores = self.finish(readout.cpu(), model.cpu(), stage, fitted)
        yield

    def prepare(self) -> None:
        """Store every clip that is missing, generated ones and those of the data sets."""
        fuzzy = self.config.fuzzy
        labelling = RuleLabelling(self.table, fuzzy.component_range, fuzzy.intensity_range)
        pixels = self.config.preprocessing
        read = prepare_data_sets(self.config.data_sets, labelling, self.stores, pixels)
        self.clips = joined((prepare_generated(self.config.clips, self.stores, pixels), *read))

    def pretrain(self) -> FrameReadout:
        """Stage 1: the frame encoder."""
        with self.processes.first_goes_ahead():
            frames = {split: self._frames(split) for split in SPLITS}
        torch.manual_seed(self.config.seed)
        head, settings = self.config.head, self.config.pretraining
        encoder = self._first_encoder().to(memory_format=torch.channels_last)
        readout = FrameReadout(encoder, head.rows * head.columns, head.token_dim).to(self.processes.device)
        if self.processes.count > 1:
            share_batch_norm(readout)
        pixels = self.config.preprocessing
        task = PretrainingTask(readout, frames["train"], settings, pixels, self.config.seed, self.processes)
        stood = checkpoint_step(self.work / "pretraining.safetensors") >= settings.optimiser.steps
        self.kept.run("pre-train", readout, task, settings.optimiser, *self.kept_pretraining())
        if not stood:
            _LOG.info("frames of unseen people: %s", frame_scores(readout, frames["validation"], pixels))
        return readout

    def kept_pretraining(self) -> Tuple[str, MadeFrom]:
        """The checkpoint of stage 1, and what its weights depend on."""
        digest = self.stores["train"].digest(self.clips["train"])
        return f"{PRETRAINING}.safetensors", {**settings_of(PRETRAINING, self.config), "training clips": digest}

    def learned_from(self, readout: FrameReadout) -> MadeFrom:
        """What stage 2 depends on beside the configuration: the weights of stage 1 as they are kept, and the clips."""
        uses = {"train": WINDOW_CLIPS, "validation": "validation"}
        digests = [self.stores[split].digest(self.clips[use]) for split, use in uses.items()]
        return {"encoder weights": weights_stamp(readout), "window clips": fingerprint(digests)}

    def _first_encoder(self) -> FrameEncoder:
        """Of random weights, of ImageNet's, or that of the bundle which the configuration starts from."""
        if not self.config.start_from:
            encoder, imagenet = FrameEncoder(self.config.encoder), self.config.pretraining.imagenet_weights
            if imagenet:
                begin_with_imagenet(encoder, Path(imagenet))
            return encoder
        faces = self._frames("train").faces
        faces = torch.from_numpy(np.array(faces[:: max(1, len(faces) // SETTLING_FACES)])).permute(0, 3, 1, 2) / 255
        graph = Path(self.config.start_from) / FRAME_ENCODER_FILE
        return encoder_from_graph(graph, normalise(faces, self.config.preprocessing), self.config.encoder)

    def encode(self, encoder: FrameEncoder, split: str) -> TokenCache:
        """Every frame of stage 2's clips of the split, once."""
        folder, config = self.work / "tokens" / split, self.config
        names = self.clips[WINDOW_CLIPS if split == "train" else split]
        stamp = weights_stamp(encoder)
        with self.processes.first_goes_ahead():
            return token_cache(self.stores[split], names, encoder, stamp, config.preprocessing, config.grid, folder)

    def read_states(self, readout: FrameReadout, training: TokenCache) -> TokenCache:
        """With what the read-out saw in every frame: what the head is held to where no component is known."""
        if not training.has_component_labels:
            _LOG.warning("no facial component is labelled: nothing holds the explanations of the rules to the face")
            return training
        with self.processes.first_goes_ahead():
            return with_read_states(training, readout, weights_stamp(readout), self.work / "tokens" / "train")

    def finish(
        self, readout: FrameReadout, model: WindowModel, stage: WindowStage, fitted: Optional[FittedRanges]
    ) -> Dict[str, Dict[str, float]]:
        """Score on unseen people, calibrate, look at real faces, export, check parity, write the card."""
        config = self.config
        sampler, component_labels = stage.sampler("validation", model), stage.caches["train"].has_component_labels
        temperature = fit_temperature(judge(model, sampler, beginnings(sampler, config.grid.span_s)))
        scores = all_scores(model, sampler)
        scores["frames"] = self._frame_scores(readout)
        if self.real_faces is not None and not any(source.name in REAL_FACES for source in config.data_sets):
            real = zero_shot_scores(self.real_faces, readout, model, config.preprocessing, config.grid)
            _LOG.info("real faces, never trained on: %s", real)
            scores["zero_shot_real_faces"] = real
        if fitted is not None:
            scores["fuzzy_ranges"] = fitted.scores()
            fitted.draw(Path(config.bundle_folder) / RANGES_PICTURE)
        write_bundle(config, Trained(readout.encoder, model, temperature, component_labels), scores)
        return scores

    def _frame_scores(self, readout: FrameReadout) -> Dict[str, float]:
        return frame_scores(readout, self._frames("validation"), self.config.preprocessing)

    def _frames(self, split: str) -> FrameSet:
        per_clip, folder = self.config.pretraining.frames_per_clip, self.work / "frames" / split
        return frame_set(self.stores[split], self.clips[split], folder, per_clip, self.config.grid)
