"""Peak memory of a call: traced without weights on the meta device, and measured on this machine.

    vae = real_class.build("sd-1")
    latent = torch.empty(1, 4, 64, 64, device="meta")
    traced, measured = trace(vae.decode, latent), measure(vae.decode, latent)

What is counted is activations: the storages that the call itself makes, each once, however many
views there are of it, from the operation that makes it until nothing refers to it any more.
Weights, buffers and inputs were there before; they are given apart.

Live bytes are a lower bound of what a device takes. On a GPU come the workspace of its kernels
and what its allocator keeps in reserve. What the kernels of this CPU take is known: see
`latentlab.cpu_kernels`.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from latentlab import cpu_kernels

Call: TypeAlias = Any  # a module or a function; what is none is refused in words


@dataclass(frozen=True)
class Held:
    """One storage that the call made.

    Attributes:
        shape: Of the tensor as which it came to be.
        dtype: Of the same.
        bytes: Its size.
        operation: What made it, such as "aten.convolution".
        module: Where: the path of the innermost module.
        born: The step that made it.
        died: The first step at which it is no more; the number of steps when it outlives them.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    bytes: int
    operation: str
    module: str
    born: int
    died: int


@dataclass(frozen=True)
class Step:
    """One operation that made, changed or read tensors.

    Attributes:
        operation: Such as "aten.convolution".
        module: The path of the innermost module, such as "AutoencoderKL.decoder.conv_in".
        live_bytes: Of all activations right after it, before its inputs are let go.
        workspace_bytes: What a kernel of the CPU takes besides them while it runs.
    """

    operation: str
    module: str
    live_bytes: int
    workspace_bytes: int


@dataclass(frozen=True)
class Trace:
    """What a call holds in memory, operation by operation.

    Attributes:
        parameter_bytes: Parameters and buffers of the whole module, used by the call or not.
        input_bytes: The tensors it was given. They are in none of the other figures.
        output_bytes: What is left of the activations at the end.
        timeline: One step an operation.
        storages: Every storage the call made, in that order.
    """

    parameter_bytes: int
    input_bytes: int
    output_bytes: int
    timeline: tuple[Step, ...]
    storages: tuple[Held, ...]

    @cached_property
    def peak_step(self) -> int:
        """The first step at which most bytes are live."""
        return max(range(len(self.timeline)), key=lambda n: self.timeline[n].live_bytes)

    @cached_property
    def peak_bytes(self) -> int:
        """The most bytes of activations that are live at once."""
        return self.timeline[self.peak_step].live_bytes

    @cached_property
    def operation(self) -> str:
        """The operation at the peak."""
        return self.timeline[self.peak_step].operation

    @cached_property
    def module(self) -> str:
        """The path of the module at the peak."""
        return self.timeline[self.peak_step].module

    @cached_property
    def tensors(self) -> tuple[Held, ...]:
        """What is live at the peak, the largest first."""
        return tuple(sorted(self.live(self.peak_step), key=lambda held: -held.bytes))

    @cached_property
    def by_dtype(self) -> dict[torch.dtype, int]:
        """The bytes that are live at the peak, by type."""
        found: Counter[torch.dtype] = Counter()
        for held in self.tensors:
            found[held.dtype] += held.bytes
        return dict(found)

    @cached_property
    def cpu_peak_step(self) -> int:
        """The first step at which the CPU takes most, workspace included."""
        return max(range(len(self.timeline)), key=lambda n: self._on_cpu(n))

    @cached_property
    def cpu_peak_bytes(self) -> int:
        """Activations and workspace at `cpu_peak_step`: what `measure` should find."""
        return self._on_cpu(self.cpu_peak_step)

    def live(self, step: int) -> tuple[Held, ...]:
        """The storages that are live right after a step."""
        return tuple(held for held in self.storages if held.born <= step < held.died)

    def _on_cpu(self, step: int) -> int:
        return self.timeline[step].live_bytes + self.timeline[step].workspace_bytes


@dataclass(frozen=True)
class Measured:
    """What a call took in a process of its own, on the CPU.

    Attributes:
        allocated_bytes: The most that torch's allocator had handed out at once, weights and inputs
            apart. `Trace.cpu_peak_bytes` should match it.
        resident_bytes: By how much the process grew: what the machine gave to allocator, libraries
            and generated kernels. None where the system does not tell (other than Linux).
        seconds: Of one call, the first.
    """

    allocated_bytes: int
    resident_bytes: int | None
    seconds: float


def trace(call: Call, *inputs: Any, **named_inputs: Any) -> Trace:
    """Run `call` once without gradients and keep the books of its activations.

    `call` is a module, a method of one, or any function of tensors. With module and inputs on the
    meta device nothing is computed, and a full-size decode takes seconds. On other devices the
    call runs for real, and the result is the same.

    Attention is fused wherever the CPU would fuse it: on the meta device,
    torch.nn.functional.scaled_dot_product_attention alone would make a matrix of all scores.
    torch.nn.attention.sdpa_kernel(SDPBackend.MATH) around the trace shows that.

    Raises TypeError when there is nothing to call, and ValueError when module and inputs are not
    all on the meta device or all off it, when the call reads values, which the meta device has
    not, when it raises itself, or when it makes no tensors. The cause is kept.
    """
    called = owner(call)
    given = _tensors((inputs, named_inputs))
    _check_devices(called, given)
    books = _Books(called)
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))  # in it, whole layers are one operation
        stack.enter_context(torch.no_grad())
        stack.enter_context(books.following_modules())
        stack.enter_context(cpu_kernels.AsOnCPU())
        stack.enter_context(books)
        try:
            result = call(*inputs, **named_inputs)
        except Exception as error:
            raise ValueError(books.complaint(error)) from error
    if not books.steps:
        raise ValueError(f"{_name(call)} ran no operation on tensors: there is nothing to trace")
    output_bytes = books.live_bytes
    del result
    return Trace(
        parameter_bytes=_bytes(chain.from_iterable(map(_weights, books.roots))),
        input_bytes=_bytes(given),
        output_bytes=output_bytes,
        timeline=tuple(books.steps),
        storages=tuple(books.storages()),
    )


def measure(
    call: Call, *inputs: Any, time_limit: float | int = 600, **named_inputs: Any
) -> Measured:
    """Run `call` in a fresh process on the CPU, with random weights, and measure its memory.

    Takes what `trace` takes, except that `call` must be found by its name in the other process:
    a module, a method of one or a function, of a file that can be imported. What is on the meta
    device gets random values there; what is not keeps its own. The process runs as many threads as
    this one. The call runs twice, once for time and resident memory, once for the allocator.

    Raises TypeError when there is nothing to call, and ValueError when the call cannot be sent,
    raises, needs more memory than is free, or is not done after `time_limit` seconds.
    """
    _check_devices(owner(call), _tensors((inputs, named_inputs)))
    try:
        request = pickle.dumps((torch.get_num_threads(), call, inputs, named_inputs))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"{_name(call)} cannot be sent to another process: expected a module, a method of one "
            "or a function, of a file that can be imported"
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "request").write_bytes(request)
        command = [sys.executable, "-m", "latentlab.measured_memory", folder]
        known = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        try:
            done = subprocess.run(
                command,
                timeout=time_limit,
                capture_output=True,
                text=True,
                env=os.environ | {"PYTHONPATH": known},
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ValueError(
                f"{_name(call)} was not measured in {time_limit:g} seconds: expected a smaller "
                "input or a longer time_limit"
            ) from error
        if not (path / "answer").exists():
            raise ValueError(f"{_name(call)} was not measured: {_why_it_ended(done)}")
        answer: Measured | str = pickle.loads((path / "answer").read_bytes())
    if isinstance(answer, str):
        raise ValueError(f"{_name(call)} was not measured: {answer}")
    return answer


class _Books(TorchDispatchMode):
    """Sees every operation, and every storage from its first tensor to its end."""

    def __init__(self, owner: nn.Module | None) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.live_bytes = 0
        self.roots: list[nn.Module] = []
        self._paths: dict[nn.Module, str] = {}
        self._within: list[str] = []  # paths of the modules that the call is in
        self._raised: tuple[BaseException | None, str] = (sys.exception(), "")
        self._reads_values: BaseException | None = None
        self._seen: dict[int, weakref.ref[torch.UntypedStorage]] = {}  # by address
        self._made: dict[int, Held] = {}  # those that live
        self._gone: list[Held] = []
        self._outside = "the call" if owner is None else type(owner).__name__
        if owner is not None:
            self._learn(owner)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        given = _tensors((args, kwargs))
        if func is not torch.ops.aten.lift_fresh.default:  # what torch.tensor made: it is new
            for tensor in given:
                self._see(tensor)
        try:
            made = cpu_kernels.run(func, args, kwargs)
        except Exception as error:
            if any(tensor.is_meta for tensor in given) and _reads_values(func, error):
                self._reads_values = error
            raise
        operation = str(func).rsplit(".", 1)[0]
        for tensor in _tensors(made):
            self._count(tensor, operation)
        workspace = cpu_kernels.workspace(func, args, made)
        self.steps.append(Step(operation, self._path(), self.live_bytes, workspace))
        return made

    @contextmanager
    def following_modules(self) -> Iterator[None]:
        """Know the path of the innermost module, also when one raises."""
        hooks = (
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave, always_call=True),
        )
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def storages(self) -> list[Held]:
        """Every storage so far, in the order in which they were made."""
        last = (replace(held, died=len(self.steps)) for held in self._made.values())
        return sorted((*self._gone, *last), key=lambda held: held.born)

    def complaint(self, error: Exception) -> str:
        """Where the call failed, and why."""
        raised, path = self._raised
        where = path if raised is error and path else self._path()
        if error is self._reads_values:
            return (
                f"{where} reads values, and there are none on the meta device: trace this call "
                "with module and inputs on the CPU"
            )
        return f"{where} raised {type(error).__name__}: {error}"

    def _see(self, tensor: Tensor) -> bool:
        """Note a storage; whether it was unknown. It counts for nothing."""
        storage = tensor.untyped_storage()
        address = storage._cdata
        if address in self._seen:
            return False
        self._seen[address] = weakref.ref(storage, partial(self._forget, address))
        return True

    def _count(self, tensor: Tensor, operation: str) -> None:
        """Note a storage that an operation made, or its new size if it was resized."""
        new = self._see(tensor)
        storage = tensor.untyped_storage()
        held, size = self._made.get(storage._cdata), storage.nbytes()
        if new:
            self._made[storage._cdata] = Held(
                tuple(tensor.shape),
                tensor.dtype,
                size,
                operation,
                self._path(),
                born=len(self.steps),
                died=-1,
            )
            self.live_bytes += size
        elif held is not None and held.bytes != size:
            self._made[storage._cdata] = replace(held, bytes=size)
            self.live_bytes += size - held.bytes

    def _forget(self, address: int, _: Any) -> None:
        del self._seen[address]
        held = self._made.pop(address, None)
        if held is not None:
            self.live_bytes -= held.bytes
            self._gone.append(replace(held, died=len(self.steps)))

    def _learn(self, root: nn.Module) -> None:
        self.roots.append(root)
        for name, module in root.named_modules(prefix=type(root).__name__):
            self._paths.setdefault(module, name)

    def _path(self) -> str:
        return self._within[-1] if self._within else self._outside

    def _enter(self, module: nn.Module, _: Any) -> None:
        if module not in self._paths:
            self._learn(module)
        self._within.append(self._paths[module])

    def _leave(self, module: nn.Module, *_: Any) -> None:
        path = self._within.pop()
        error = sys.exception()
        if error is not self._raised[0]:
            self._raised = error, path


def owner(call: Call) -> nn.Module | None:
    """The module that is called, or whose method is.

    Raises TypeError when there is nothing to call.
    """
    if not callable(call):
        raise TypeError(
            f"{type(call).__name__} cannot be called: expected a torch.nn.Module, a method of one "
            "or a function of tensors"
        )
    if isinstance(call, nn.Module):
        return call
    if isinstance(call, partial):
        return owner(call.func)
    bound = getattr(call, "__self__", None)
    return bound if isinstance(bound, nn.Module) else None


def _name(call: Call) -> str:
    """As a person would name it: AutoencoderKL.decode, UNet2DConditionModel."""
    if isinstance(call, partial):
        return _name(call.func)
    module = owner(call)
    if module is None:
        return getattr(call, "__qualname__", type(call).__name__)
    kind = type(module).__name__
    return kind if call is module else f"{kind}.{getattr(call, '__name__', '')}"


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _weights(module: nn.Module) -> Iterator[Tensor]:
    return chain(module.parameters(), module.buffers())


def _bytes(tensors: Iterable[Tensor]) -> int:
    """Of all storages, each once."""
    storages = {t.untyped_storage()._cdata: t.untyped_storage().nbytes() for t in tensors}
    return sum(storages.values())


def _check_devices(owner: nn.Module | None, given: list[Tensor]) -> None:
    """Raise ValueError when some tensors are on the meta device and some are not.

    A single number may lie elsewhere, as torch has it.
    """
    named = chain(owner.named_parameters(), owner.named_buffers()) if owner is not None else ()
    all_tensors = chain(named, ((f"input {n}", tensor) for n, tensor in enumerate(given, 1)))
    found: dict[bool, str] = {}
    for name, tensor in all_tensors:
        if tensor.dim():
            found.setdefault(tensor.is_meta, f"{name} is on {tensor.device.type}")
    if len(found) == 2:
        raise ValueError(
            f"{found[True]} and {found[False]}: expected module and inputs on one device, as "
            '.to("meta") puts them'
        )


def _reads_values(func: Any, error: Exception) -> bool:
    """Whether an operation failed for want of values, or of a shape that depends on them."""
    tags = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}
    return bool(tags & set(func.tags)) or "Cannot copy out of meta" in str(error)


def _why_it_ended(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return f"its process was killed by signal {-done.returncode}, as when memory runs out"
    lines = done.stderr.strip().splitlines() or ["no message"]
    return f"its process ended with {done.returncode}: {lines[-1]}"
