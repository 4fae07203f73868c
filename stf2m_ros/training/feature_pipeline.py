"""The same steps for data that come as ready visual features in place of pictures (`encoder.features`).

Such a bundle is for data that were featured in the same way; a camera gives no FACET values, and the node says so.
"""

from typing import Dict

import torch

from stf2m_ros.data.rule_labels import RuleLabelling
from stf2m_ros.meta.feature_pretraining import (
    FeaturePretrainingTask,
    FeatureSet,
    feature_cache,
    feature_scores,
    feature_set,
)
from stf2m_ros.meta.pretraining import FrameReadout
from stf2m_ros.meta.processes import ALONE, Processes
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.net.frame_encoder import FeatureFrontEnd
from stf2m_ros.training.clip_names import SPLITS, WINDOW_CLIPS, joined
from stf2m_ros.training.config import TrainingConfig
from stf2m_ros.training.data_sources import prepare_data_sets
from stf2m_ros.training.made_from import weights_stamp
from stf2m_ros.training.pipeline import TrainingPipeline


class FeaturePipeline(TrainingPipeline):
    """prepare -> pre-train the linear front end -> encode once -> as for pictures. Nothing is generated."""

    def __init__(self, config: TrainingConfig, processes: Processes = ALONE) -> None:
        """Raises ValueError without data sets, or where the configuration starts from a bundle's frame encoder."""
        super().__init__(config, None, processes)
        if not config.data_sets or config.start_from:
            found = f"start_from {config.start_from}" if config.start_from else "no data_sets"
            raise ValueError(f"encoder.features: expected data_sets and no start_from, found {found}")

    def prepare(self) -> None:
        """Store every clip of the data sets that is missing. Raises ValueError where none is on one side."""
        fuzzy = self.config.fuzzy
        labelling = RuleLabelling(self.table, fuzzy.component_range, fuzzy.intensity_range)
        self.clips = joined(tuple(prepare_data_sets(self.config.data_sets, labelling, self.stores)))
        learned, validated = (len(self.clips[split]) for split in SPLITS)
        if not (learned and validated):  # said now, not when they are encoded, after pre-training
            raise ValueError(
                f"data_sets: expected clips to train and to validate on, found {learned} and {validated}; "
                "validation_share says on how many of the people is validated"
            )

    def pretrain(self) -> FrameReadout:
        """Stage 1: the front end."""
        rows, config = self._features("train"), self.config
        self._features("validation")  # that there are none is said now, not when they are scored, after training
        torch.manual_seed(config.seed)
        regions, token_dim = config.head.rows * config.head.columns, config.head.token_dim
        front_end = FeatureFrontEnd(config.encoder.features, regions, token_dim)
        front_end.standardise(torch.from_numpy(rows.features))
        readout = FrameReadout(front_end, regions, token_dim).to(self.processes.device)
        optimiser = config.pretraining.optimiser
        task = FeaturePretrainingTask(readout, rows, optimiser, config.seed, self.processes)
        self.kept.run("pre-train", readout, task, optimiser, *self.kept_pretraining())
        return readout

    def encode(self, encoder: FeatureFrontEnd, split: str) -> TokenCache:
        """Every row of the split, once."""
        names = self.clips[WINDOW_CLIPS if split == "train" else split]
        folder = self.work / "tokens" / split
        with self.processes.first_goes_ahead():
            return feature_cache(self.stores[split], names, encoder, weights_stamp(encoder), self.config.grid, folder)

    def _frame_scores(self, readout: FrameReadout) -> Dict[str, float]:
        return feature_scores(readout, self._features("validation"))

    def _features(self, split: str) -> FeatureSet:
        config = self.config
        return feature_set(
            self.stores[split],
            self.clips[split],
            config.encoder.features,
            config.pretraining.frames_per_clip,
            config.grid,
        )
