"""What `latentlab.memory.measure` runs in a process of its own.

    python -m latentlab.measured_memory FOLDER

Reads the call from FOLDER/request and writes what it took, or in words why it failed, into
FOLDER/answer. Both are pickles that one process of this program writes for the other.

torch's profiler sees every block that torch's allocator hands out and takes back, and so does the
convolution library, which gets its memory there. What the machine really gave is the process's
peak resident size, which Linux counts and lets us reset. It has more in it (kernels compiled at
the first call, buffers of matrix products, blocks cut into pages) and less (pages never written).
"""

import argparse
import pickle
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils._pytree import tree_map_only

from latentlab import memory
from latentlab.memory import Measured

STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")
FREE = Path("/proc/meminfo")


def filled(tensor: Tensor) -> Tensor:
    """A tensor of the same shape, type and layout on the CPU: small numbers, or whole zeros."""
    if not tensor.is_meta:
        return tensor
    made = torch.empty_like(tensor, device="cpu")
    return made.uniform_(-0.1, 0.1) if made.is_floating_point() else made.zero_()


def allocated(run: Callable[[], Any]) -> int:
    """The most bytes that torch's allocator had handed out at once during a run."""
    with torch.no_grad(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        run()
    events = seen.profiler.kineto_results.events()
    blocks = [(e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]"]
    live = most = 0
    for _, size in sorted(blocks, key=lambda block: block[0]):
        live += size
        most = max(most, live)
    return most


def told(path: Path, field: str) -> int | None:
    """Bytes as the line "VmHWM:  1234 kB" has them; None where the system does not tell."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split() for line in lines if line.startswith(field + ":")]
    return int(found[0][1]) * 1024 if found else None


def limit_memory() -> None:
    """Let a request for more than is free fail in words, before the system ends some process."""
    size, free = told(STATUS, "VmSize"), told(FREE, "MemAvailable")
    if size is None or free is None:
        return
    import resource  # not on Windows

    resource.setrlimit(resource.RLIMIT_AS, (size + free, size + free))


def measured(run: Callable[[], Any]) -> Measured:
    """Call it twice: once for time and resident memory, once for the allocator."""
    try:
        RESET.write_text("5", encoding="utf-8")  # the peak starts again from now
        before = told(STATUS, "VmRSS")
    except OSError:
        before = None
    start = time.perf_counter()
    with torch.no_grad():
        run()
    seconds = time.perf_counter() - start
    peak = told(STATUS, "VmHWM")
    resident = None if before is None or peak is None else peak - before
    return Measured(allocated(run), resident, seconds)


def answer(request: Path) -> Measured | str:
    """Measure the call in a file, or say why that failed."""
    try:
        threads, call, inputs, named_inputs = pickle.loads(request.read_bytes())
    except (ImportError, AttributeError) as error:
        return f"{error}; expected a class or a function of a file that can be imported"
    torch.set_num_threads(threads)
    owner = memory.owner(call)
    try:
        if owner is not None:
            owner._apply(filled)
        inputs, named_inputs = tree_map_only(Tensor, filled, (inputs, named_inputs))
        return measured(lambda: call(*inputs, **named_inputs))
    except Exception as error:
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
            return "it needs more memory than is free; expected a smaller input"
        return f"it raised {type(error).__name__}: {error}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.measured_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="holds the request; gets the answer")
    folder = parser.parse_args(arguments).folder
    limit_memory()
    (folder / "answer").write_bytes(pickle.dumps(answer(folder / "request")))


if __name__ == "__main__":
    main()
