"""The processes that train together under torchrun: which share of a batch is mine, and what all of us add up.

One process is the ordinary case: everything that ALONE is given it gives back as it is.
"""

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Iterator, Optional

import torch
import torch.distributed as dist
from torch import Tensor, nn

from stf2m_ros.meta.devices import chosen_device

LONGEST_WAIT = timedelta(days=7)
"""For the first process, which prepares clips and encodes them alone. A process that ends is noticed at once."""


class ProcessLost(ConnectionError):
    """Another process of the run has ended; its own message tells why."""


@dataclass(frozen=True)
class Processes:
    """Number `rank` of `count` processes, computing on `device`. patient: the group in which they wait for the first.

    The first process alone writes: checkpoints, curves, bundles, progress.
    """

    rank: int = 0
    count: int = 1
    device: torch.device = torch.device("cpu")
    patient: Optional[dist.ProcessGroup] = None

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def share(self, size: int) -> slice:
        """Which elements of a batch are this process's: every count-th. Raises ValueError where some would get none."""
        if size < self.count:
            raise ValueError(
                f"expected at least one element of every batch for each of the {self.count} processes, found {size}; "
                "raise batch_size, tasks, mixed_windows and episodes.per_step, or start fewer processes"
            )
        return slice(self.rank, size, self.count)

    def fraction(self, size: int) -> float:
        """What part of a batch this process's share is."""
        return len(range(size)[self.share(size)]) / size

    def total(self, value: Tensor) -> Tensor:
        """The sum of everyone's value, without a gradient; the same bits in every process."""
        return value if self.count == 1 else added_up(value.detach())

    def copy_from_first(self, module: nn.Module) -> None:
        """Everyone's weights become the first process's."""
        if self.count == 1:
            return
        for tensor in module.state_dict().values():
            sent = tensor.contiguous()
            with _told():
                dist.broadcast(sent, src=0)
            tensor.copy_(sent)

    def agree_with_first(self, step: int, what: str) -> None:
        """Raises ValueError where this process found another step than the first one did."""
        said = self.total(torch.tensor(step if self.is_first else 0, device=self.device))
        if int(said) != step:
            raise ValueError(
                f"{what}: the first process found step {int(said)}, process {self.rank} step {step}; "
                "work_folder must lie on a disk that all machines share"
            )

    def make_from_the_same(self, digest: str, what: str) -> None:
        """Raises ValueError where the first process trains from something else than this one.

        digest: a fingerprint of it, in hexadecimal digits.
        """
        own = int(digest[:15], 16)  # what an int64 holds
        said = self.total(torch.tensor(own if self.is_first else 0, device=self.device))
        if int(said) != own:
            raise ValueError(
                f"{what}: process {self.rank} has another configuration, or other clips, than the first process; "
                "expected the same everywhere"
            )

    @contextmanager
    def first_goes_ahead(self) -> Iterator[None]:
        """The first process does it while the others wait; they then find it done. For what is resumed by itself."""
        if not self.is_first:
            self._wait()
        yield
        if self.is_first:
            self._wait()

    def _wait(self) -> None:
        if self.count > 1:
            with _told():
                dist.barrier(group=self.patient)


ALONE = Processes()


@contextmanager
def joined_processes(device: str) -> Iterator[Processes]:
    """The processes that torchrun started, joined: nccl on GPUs, gloo on CPUs; without torchrun, this one alone.

    device: auto, cpu or cuda. Raises ValueError where a process has no GPU.
    """
    count = int(os.environ["WORLD_SIZE"]) if dist.is_torchelastic_launched() else 1
    if count == 1:
        yield Processes(device=chosen_device(device))
        return
    own = chosen_device(device, int(os.environ["LOCAL_RANK"]))
    if own.type == "cuda":
        torch.cuda.set_device(own)
    dist.init_process_group("nccl" if own.type == "cuda" else "gloo")
    yield Processes(dist.get_rank(), count, own, dist.new_group(backend="gloo", timeout=LONGEST_WAIT))
    # Only after success: where a process failed, taking leave of it could wait for ever.
    dist.destroy_process_group()


def added_up(value: Tensor) -> Tensor:
    """The sum of the values of all processes that have been joined. Raises ProcessLost."""
    summed = value.clone(memory_format=torch.contiguous_format)
    with _told():
        dist.all_reduce(summed)
    return summed


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise ProcessLost(f"another process of the run has ended ({' '.join(str(error).split())})") from error
