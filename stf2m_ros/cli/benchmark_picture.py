"""The benchmark's picture: encoder by batch, and how the window head's times are spread."""

from pathlib import Path
from typing import Sequence

from stf2m_ros.cli.benchmark_runs import Measurement


class PictureMissing(RuntimeError):
    """No picture can be drawn here."""


def draw(measurements: Sequence[Measurement], folder: Path) -> Path:
    """benchmark.png in the folder. Raises PictureMissing where matplotlib is not installed, as on many robots."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PictureMissing(f"matplotlib is not installed ({error.name})") from error
    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    encoder, head = figure.subplots(1, 2)
    for each in measurements:
        part = each.rows[0].part
        batches = sorted(each.frames_per_s)
        encoder.plot(range(len(batches)), [each.frames_per_s[batch] for batch in batches], "o-", label=part)
        encoder.set_xticks(range(len(batches)), [str(batch) for batch in batches])
        head.plot(
            sorted(each.head_ms), [(rank + 1) / len(each.head_ms) for rank in range(len(each.head_ms))], label=part
        )
    encoder.set(xlabel="faces at once", ylabel="frames/s", title="frame encoder", ylim=(0, None))
    head.set(xlabel="ms", ylabel="share of runs", title="window head: done within", xlim=(0, None))
    encoder.legend()
    path = folder / "benchmark.png"
    figure.savefig(path, dpi=120)
    return path
