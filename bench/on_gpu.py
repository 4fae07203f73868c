"""Everything that only a GPU can prove, in one command: `make bench-gpu`. Ends with code 1 where there is no GPU.

Each part is a process with its own time limit and its own log; one that fails, hangs or crashes ends alone. After each,
OUT/bench_gpu.json holds what is proven so far and what is not. Together they stay under eight minutes. What is missing
(TensorRT, pycuda, PyTorch with CUDA) is said, and the parts that need it are left out. Needs no package of its own.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Dict, List, Optional, Tuple

sys.path[:0] = [str(Path(__file__).resolve().parent)]
from measuring.gpu_parts import PROBES, PYCUDA, REPOSITORY, TENSORRT, TORCH, Part, parts  # noqa: E402

BUNDLE = REPOSITORY / "models" / "generated_faces"
WHOLE_S = 470.0
PROBE_S = 60.0
KILL_S = 5.0
SHOWN_LINES = 25
REMEDIES = {
    PYCUDA: "a GPU with its driver, and pycuda: python scripts/build_pycuda.py",
    TENSORRT: "pip install tensorrt-rtx-cu13-libs tensorrt-rtx-cu13-bindings, or tensorrt, or JetPack's",
    TORCH: "a build of torch with CUDA for this driver",
}


@dataclass(frozen=True)
class Outcome:
    """How one part ended. reason: empty where it proves what it is for."""

    part: Part
    reason: str
    seconds: float
    log: str = ""

    def to_plain(self) -> Dict[str, Any]:
        told = {"part": self.part.name, "proven": not self.reason, "reason": self.reason}
        return {**told, "seconds": round(self.seconds, 1), "proves": self.part.proves, "log": self.log}


def main() -> int:
    options = _options()
    here, missing = what_is_here(PROBE_S * options.patience)
    for name, reason in missing.items():
        print(f"missing: {name}: {reason}; needed: {REMEDIES[name]}", file=sys.stderr)
    if PYCUDA in missing and TORCH in missing:
        print("nothing was measured: this command is for a machine with an NVIDIA GPU", file=sys.stderr)
        return 1
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    outcomes = run_all(parts(options.bundle.resolve(), out, options.seconds), here, missing, out, options.patience)
    for each in outcomes:
        for promise in each.part.proves:
            print(f"{'NOT PROVEN' if each.reason else 'proven    '}  {promise}")
        if each.reason:
            print(f"            {each.part.name}: {each.reason}")
    print(f"all of it in {out}")
    return 1 if any(each.reason for each in outcomes) else 0


def what_is_here(limit_s: float) -> Tuple[Dict[str, str], Dict[str, str]]:
    """What there is, by name, and why the rest is not. Asked in processes: libraries without a driver may crash."""
    here, missing = {}, {}
    for name, program in PROBES.items():
        said, reason = _ended([sys.executable, "-c", program], limit_s, None)
        lines = [line for line in said.splitlines() if line.strip()] or [reason]
        (missing if reason else here)[name] = lines[-1]
        if not reason:
            print(f"{name}: {lines[-1]}", flush=True)
    return here, missing


def run_all(
    todo: List[Part], here: Dict[str, str], missing: Dict[str, str], out: Path, patience: float = 1.0
) -> List[Outcome]:
    """Each part's outcome, kept in a file after each. patience: how many times its limit a part may take."""
    outcomes: List[Outcome] = []
    started_s, granted_s = time.monotonic(), 0.0
    for part in todo:
        granted_s += part.limit_s * patience
        lacking = [name for name in part.needs if name in missing]
        if lacking:
            outcomes.append(Outcome(part, f"left out for want of {' and '.join(lacking)}", 0.0))
        else:
            limit_s = min(granted_s, WHOLE_S * patience) - (time.monotonic() - started_s)
            outcomes.append(_run(part, limit_s, out))
        content = {
            "measured_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "here": here,
            "missing": missing,
            "parts": [each.to_plain() for each in outcomes],
        }
        _write(out / "bench_gpu.json", json.dumps(content, indent=1) + "\n")
    return outcomes


def _run(part: Part, limit_s: float, out: Path) -> Outcome:
    print(f"== {part.name} (at most {limit_s:.0f} s)", flush=True)
    log = out / f"{part.name.replace(',', '').replace(' ', '_')}.log"
    started_s = time.monotonic()
    said, reason = _ended(part.command, limit_s, log)
    if not reason:
        reason = part.refuted(said)
    seconds = time.monotonic() - started_s
    for line in said.splitlines()[-SHOWN_LINES:]:
        print(f"  {line}")
    print(f"  {reason or 'done'}, {seconds:.0f} s", flush=True)
    return Outcome(part, reason, seconds, log.name)


def _ended(command: List[str], limit_s: float, log: Optional[Path]) -> Tuple[str, str]:
    """What a process printed, and why it did not end well; empty where it did. It and its children never outlast us."""
    path = os.pathsep.join([str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
    if log:
        environment["STF2M_BENCH_OUT"] = str(log.parent)  # where the tests find a bundle and its engines
    process = subprocess.Popen(
        command,
        cwd=str(REPOSITORY),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a group of its own: a builder that it started ends with it
    )
    said: List[bytes] = []
    reader = threading.Thread(target=_copy, args=(process.stdout, said, log))
    reader.start()
    try:
        code: Optional[int] = process.wait(max(limit_s, 0.0))
    except subprocess.TimeoutExpired:
        code = None
    finally:
        _end_group(process)
        reader.join(KILL_S)
    text = b"".join(said).decode("utf-8", "replace")
    if code is None:
        return text, f"stopped after {limit_s:.0f} s: it took too long"
    return text, f"killed by signal {-code}" if code < 0 else f"ended with code {code}" if code else ""


def _copy(source: IO[bytes], said: List[bytes], log: Optional[Path]) -> None:
    """Line by line, so that what was printed before a crash is kept."""
    with open(str(log or os.devnull), "wb") as file, source:
        for line in source:
            said.append(line)
            file.write(line)
            file.flush()


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except (ProcessLookupError, PermissionError):
            break
        try:
            process.wait(KILL_S)
        except subprocess.TimeoutExpired:
            continue
    process.poll()


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(str(partial), str(path))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=BUNDLE)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "out" / "bench_gpu")
    parser.add_argument("--seconds", type=float, default=2.0, help="of the benchmark, for each figure")
    parser.add_argument("--patience", type=float, default=1.0, help="how many times its limit each part may take")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
