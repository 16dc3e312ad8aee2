"""What torch's kernels for the CPU take from its allocator beyond their outputs, while they run.

The rules are read off the allocator's own record and hold for torch 2.13 on x86; they are an
estimate, which tests/test_memory.py holds to the measured peak. Each is the largest sum of blocks
that one operation holds at once, less its output. The main one is the convolution of oneDNN: it
copies input and weights into its own layout, where channels come in blocks, computes an output in
that layout, and copies it into the tensor that is asked for. So a convolution holds its input and
its output twice.

Not counted is what stays below a megabyte or so whatever the input: scratch of matrix products at
16 bits, index tables. Nor what does not come from torch's allocator, such as kernels that oneDNN
compiles; that is part of the resident size only.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._prims_common import suggest_memory_format
from torch.nn.functional import group_norm, scaled_dot_product_attention
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import _disable_current_modes

aten = torch.ops.aten

BACKENDS: Any = torch._C._ConvBackend  # type: ignore[attr-defined]
ARITHMETIC = {aten.add.Tensor, aten.sub.Tensor, aten.mul.Tensor, aten.div.Tensor}
FUSED = 1  # torch.nn.attention.SDPBackend.FLASH_ATTENTION, as torch._fused_sdp_choice has it


class AsOnCPU(TorchFunctionMode):
    """On the meta device, take the ways that torch takes on the CPU where the two part.

    These are attention, for which torch would make all scores there, a matrix of positions by
    positions, and the normalization of groups, for which it would move the channels from the
    innermost axis. Attention inside torch.nn.MultiheadAttention is not seen, and is not changed.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        return WAYS.get(func, func)(*args, **(kwargs or {}))


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """scaled_dot_product_attention, fused on the meta device where it would be on the CPU."""
    rest: dict[str, Any] = {"is_causal": is_causal, "scale": scale}
    if query.is_meta:
        with _disable_current_modes():  # the stand-ins are none of the call's tensors
            tensors = [_stand_in(tensor) for tensor in (query, key, value)]
            mask = None if attn_mask is None else _stand_in(attn_mask)
            choose: Any = torch._fused_sdp_choice  # whose annotations leave the tensors out
            choice = choose(*tensors, mask, dropout_p, **rest, enable_gqa=enable_gqa)
        if choice == FUSED:
            if attn_mask is not None and attn_mask.dtype == torch.bool:
                attn_mask = torch.zeros_like(attn_mask, dtype=query.dtype)
            fused = aten._scaled_dot_product_flash_attention_for_cpu
            return fused(query, key, value, dropout_p, attn_mask=attn_mask, **rest)[0]
    return scaled_dot_product_attention(
        query, key, value, attn_mask, dropout_p, **rest, enable_gqa=enable_gqa
    )


def _group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """torch.nn.functional.group_norm, which keeps channels innermost on the CPU only."""
    if not input.is_meta or not _is_last(input):
        return group_norm(input, num_groups, weight, bias, eps)
    batch, channels, *cells = input.shape
    x = input.contiguous(memory_format=suggest_memory_format(input))
    normalize = aten.native_group_norm
    return normalize(x, weight, bias, batch, channels, math.prod(cells), num_groups, eps)[0]


WAYS: dict[Any, Callable[..., Tensor]] = {
    scaled_dot_product_attention: _attention,
    group_norm: _group_norm,
}


def run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run an operation; on the meta device, lay its output out in memory as the CPU does.

    There a convolution keeps channels innermost that its input or its weights have there, so does
    a normalization of groups, and arithmetic with a number keeps the strides of axes of size 1,
    from which torch tells the layout of what comes next. The statistics of a normalization of
    layers have the type of its weights.
    """
    made = func(*args, **kwargs)
    if func is aten.convolution.default and made.is_meta:
        format = suggest_memory_format(args[0])
        if format == torch.contiguous_format:
            format = suggest_memory_format(args[1])
        if _backend(*args) == BACKENDS.Slow3d:
            format = torch.contiguous_format
        return torch.empty_like(made, memory_format=format)
    if func is aten.native_group_norm.default and made[0].is_meta:
        format = suggest_memory_format(args[0])
        return torch.empty_like(made[0], memory_format=format), *made[1:]
    if func is aten.native_layer_norm.default and made[0].is_meta:
        dtype = args[0].dtype if args[2] is None else args[2].dtype
        return made[0], *(statistic.to(dtype) for statistic in made[1:])
    if func in ARITHMETIC and made.is_meta:
        return _with_strides_of(args, made)
    return made


def _with_strides_of(args: tuple[Any, ...], made: Tensor) -> Tensor:
    """`made`, with the strides of the one input of its shape, if it lost only some of size 1."""
    given = [x for x in args if isinstance(x, Tensor) and x.shape == made.shape]
    if len(given) != 1:
        return made
    axes = zip(made.shape, given[0].stride(), made.stride(), strict=True)
    if any(size > 1 and old != new for size, old, new in axes):
        return made
    return made.as_strided(made.shape, given[0].stride())


def workspace(func: Any, args: tuple[Any, ...], made: Any) -> int:
    """The bytes that an operation takes on the CPU beyond the tensors it was given and made."""
    rule = RULES.get(func)
    return rule(args, made) if rule else 0


def _stand_in(tensor: Tensor) -> Tensor:
    """A tensor on the CPU of the same shape that is one row of memory; its values mean nothing.

    Its innermost axis is without gaps if that of the other is.
    """
    whole = tensor.dim() > 0 and tensor.stride(-1) == 1
    row = torch.empty(tensor.shape[-1] if whole else 1, dtype=tensor.dtype)
    return row.expand(tensor.shape)


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _is_last(tensor: Tensor) -> bool:
    """Whether channels are the innermost axis in memory."""
    return suggest_memory_format(tensor) != torch.contiguous_format


def _copy(tensor: Tensor) -> int:
    """The bytes of a copy without gaps, where a kernel needs one."""
    return 0 if tensor.is_contiguous() or _is_last(tensor) else _bytes(tensor)


def _backend(x: Tensor, weight: Tensor, bias: Tensor | None, *how: Any) -> Any:
    """Which of its convolutions torch takes on this machine; `how` is stride, padding and so on."""
    stand_ins = _stand_in(x), _stand_in(weight), None if bias is None else _stand_in(bias)
    return torch._C._select_conv_backend(*stand_ins, *how, None if bias is None else [len(bias)])


def _convolution(args: tuple[Any, ...], made: Tensor) -> int:
    x, weight, _, stride, padding, _, transposed, _, groups = args
    backend = _backend(*args)
    kernel = math.prod(weight.shape[2:])
    if backend in (BACKENDS.Slow2d, BACKENDS.Slow3d):
        plain = kernel == 1 and set(stride) == {1} and not any(padding)
        positions = made.numel() // made.shape[1]
        columns = 0 if plain else x.shape[1] // groups * kernel * positions * x.element_size()
        flat = backend == BACKENDS.Slow3d and _is_last(x)
        copy = _bytes(x) if flat else _copy(x)
        return copy + (max(columns, _bytes(made)) if groups > 1 else columns)
    if backend == BACKENDS.Mkldnn:
        return _blocked(x, weight, made, groups, kernel)
    if transposed and backend not in (BACKENDS.SlowTranspose2d, BACKENDS.SlowTranspose3d):
        return _copy(x) + (1 if groups > 1 else 2) * _bytes(made)
    return _copy(x)


def _blocked(x: Tensor, weight: Tensor, made: Tensor, groups: int, kernel: int) -> int:
    """A convolution of oneDNN, which is named Mkldnn in torch."""
    block = 16 if torch.backends.cpu.get_cpu_capability() == "AVX512" else 8

    def padded(tensor: Tensor, *axes: int) -> int:
        """In bytes, with the sizes of some axes rounded up to whole blocks."""
        shape = list(tensor.shape)
        for axis in axes:
            shape[axis] = -(-shape[axis] // block) * block
        return math.prod(shape) * tensor.element_size()

    if _is_last(x) or _is_last(weight):
        copies = 1 if kernel == 1 or groups > 1 else 2
        return copies * _bytes(weight) + (0 if _is_last(x) else _bytes(x))
    few = x.shape[1] < block and kernel > 1
    if groups > 1:
        source, weights, result = _bytes(x), _bytes(weight), _bytes(made)
    else:
        source = 0 if few else padded(x, 1)
        weights = padded(weight, 0) if few else padded(weight, 0, 1)
        result = padded(made, 1)
    sums = 0
    if kernel == 1 and groups == 1 and x.dtype != torch.float32:
        sums = made[0].numel() * 4 * torch.get_num_threads()  # at 32 bits, an image a thread
    computing = sums + source + weights + result
    copying = result + _bytes(made)
    return _copy(x) + max(computing, copying) - _bytes(made)


def _upsampling(args: tuple[Any, ...], made: Tensor) -> int:
    """Small pictures are made with the channels last, and copied from and to that layout."""
    if sum(made.shape[-2:]) > 128:
        return 0
    return sum(0 if _is_last(tensor) else _bytes(tensor) for tensor in (args[0], made))


def _gaps(args: tuple[Any, ...], made: Any) -> int:
    return _copy(args[0])


def _promotion(args: tuple[Any, ...], made: Tensor) -> int:
    """Numbers of two widths meet in copies of the wider."""
    given = (x for x in args if isinstance(x, Tensor) and x.dim() and x.is_floating_point())
    return sum(x.numel() * made.element_size() for x in given if x.dtype != made.dtype)


def _mean(args: tuple[Any, ...], made: Tensor) -> int:
    """At 16 bits the sum is of a copy at 32."""
    return args[0].numel() * 4 if args[0].element_size() == 2 else 0


def _softmax(args: tuple[Any, ...], made: Tensor) -> int:
    """Marks rows in which all is masked: a byte a score."""
    return args[0].numel()


def _flash(args: tuple[Any, ...], made: Any) -> int:
    """Scores of some queries with some keys and their sums, for each thread."""
    query, key = args[0], args[1]
    positions, features = query.shape[-2:]
    rows = 256 if positions >= 768 else 64 if positions >= 192 else 32
    columns = min(512, key.shape[-2])
    each = rows * (columns + 2 + features) * 4
    if query.element_size() == 2:
        each += rows * columns * 2
    return each * torch.get_num_threads()


RULES: dict[Any, Callable[[tuple[Any, ...], Any], int]] = {
    aten.convolution.default: _convolution,
    aten.upsample_nearest2d.default: _upsampling,
    aten._upsample_nearest_exact2d.default: _upsampling,
    aten.upsample_bilinear2d.default: _upsampling,
    aten.native_layer_norm.default: _gaps,
    aten.replication_pad3d.default: _gaps,
    **dict.fromkeys(ARITHMETIC, _promotion),
    aten.mean.dim: _mean,
    aten.mean.default: _mean,
    aten._safe_softmax.default: _softmax,
    aten._scaled_dot_product_flash_attention_for_cpu.default: _flash,
}
