"""The 1-D layers of a video autoencoder: each looks along time only, at one position.

Inside the network a video is (b, t, c, h, w). Every layer starts as the identity, so that a video
network grown from an image network begins as that network. Time is handled in one place, `Pass`:
before a clip's first frame stands that frame again, after its last one that one again, and before
a chunk of a stream what the stream has kept.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn

Frames: TypeAlias = Float[Tensor, "b _ _ _ _"]  # b t c h w, of which a layer keeps the batch
Pictures: TypeAlias = Float[Tensor, "_ _ _ _"]  # n c h w
Past: TypeAlias = dict[Hashable, Tensor]

SQUEEZE = 4  # what steers the temporal convolution has a quarter of its channels
STRICTNESS = 30.0  # how fast, in a fresh layer, a tap turns down where frames differ


@dataclass
class Pass:
    """One way through the network, of a whole clip or of the next chunk of a stream.

    A layer is given frames of one sample at a time, as many as fit into a limit, at least one.
    So no other sample ever changes a bit of a result. Where a layer is given one frame, no other
    frame does, either, and the chunks of a stream do not matter. The fewer frames, the fewer
    intermediate values are in memory.

    Attributes:
        positions: The limit: pixels or cells that a layer is given at once.
        bands: Into how many horizontal bands a frame is cut in its 2-D layers.
        past: What the layers kept of the stream; None when this is a whole clip.
        kept: What the layers keep for the next chunk.
        tile: Which tile of the frame this is; each has a past of its own.
    """

    positions: int
    bands: int = 1
    past: Past | None = None
    kept: Past = field(default_factory=dict)
    tile: tuple[int, int] = (0, 0)

    def at_once(self, x: Frames) -> int:
        """How many of these frames a layer is given."""
        return max(self.positions // (x.shape[3] * x.shape[4]), 1)

    def recalled(self, layer: Hashable) -> Frames | None:
        """What the layer kept, or None at the beginning of a clip."""
        return None if self.past is None else self.past.get((self.tile, layer))

    def keep(self, layer: Hashable, parts: list[Frames], count: int) -> None:
        """Let the layer recall the last frames in the next chunk, if there will be one."""
        if self.past is not None and count:
            frames = [frame for part in parts for frame in part.split(1, 1)]
            self.kept[self.tile, layer] = torch.cat(frames[-count:], 1)

    def frames(self, layer: Callable[[Tensor], Tensor], x: Frames) -> Frames:
        """A layer from (n, c, h, w) to (n, d, p, q) over all frames."""
        size = self.at_once(x)
        parts = (layer(part) for sample in x for part in sample.split(size))
        return gathered(parts, *x.shape[:2])

    def windows(
        self, layer: Hashable, x: Frames, before: int, after: int = 0, stride: int = 1
    ) -> Iterator[tuple[Pictures, ...]]:
        """For every `stride`-th frame, the frames from `before` it to `after` it.

        A tuple holds these `before + 1 + after` frames in their order, each for as many moments
        of one sample as a layer is given at once: (moments, c, h, w).
        """
        recalled = self.recalled(layer)
        early = x[:, :1].expand(-1, before, -1, -1, -1) if recalled is None else recalled
        late = x[:, -1:].expand(-1, after, -1, -1, -1)
        size = before + 1 + after
        self.keep(layer, [early, x], size - stride)
        lengths = early.shape[1], x.shape[1], after
        starts = range(0, sum(lengths) - size + 1, stride)
        count = self.at_once(x)
        for sample in zip(early, x, late, strict=True):
            for first in range(0, len(starts), count):
                moments = starts[first : first + count]
                part = _joined(sample, moments[0], moments[-1] + size)
                span = moments[-1] - moments[0] + 1
                yield tuple(part[k : k + span : stride] for k in range(size))


def _joined(parts: Sequence[Pictures], first: int, last: int) -> Pictures:
    """Frames `first` to `last - 1` of the parts in a row; a copy only if from several."""
    found, start = [], 0
    for part in parts:
        inside = part[max(first - start, 0) : max(last - start, 0)]
        if len(inside):
            found.append(inside)
        start += len(part)
    return found[0] if len(found) == 1 else torch.cat(found)


def gathered(parts: Iterator[Pictures], batch: int, frames: int) -> Frames:
    """Pictures of all samples and frames, in one tensor."""
    if torch.is_grad_enabled():
        return torch.cat(list(parts)).unflatten(0, (batch, frames))
    out, filled = None, 0
    for part in parts:
        if len(part) == batch * frames:
            return part.unflatten(0, (batch, frames))
        if out is None:
            out = part.new_empty(batch * frames, *part.shape[1:])
        out[filled : filled + len(part)] = part
        filled += len(part)
    assert out is not None
    return out.unflatten(0, (batch, frames))


class TemporalConv(nn.Module):
    """A convolution over time: for each channel a few taps, that follow what moves.

        out = x[t] + sum over the other frames i of taps[i] * gate[i] * (x[i] - x[t]) + more

    The taps are a depthwise convolution whose weights add up to 1, so that what stands still
    passes unchanged. A gate turns a tap down where its frame is unlike the present one, as a
    bilateral filter does (Tomasi and Manduchi 1998). A small network, which sees the present
    frame and by how much the others differ, corrects the gate at each position, up to twice the
    tap, and adds what taps cannot (`more`). Taps and the network's last layer start at zero.
    """

    def __init__(self, channels: int, groups: int, kernel: int, causal: bool) -> None:
        super().__init__()
        self.channels = channels
        self.after = 0 if causal else kernel // 2
        self.before = kernel - 1 - self.after
        small = max(channels // SQUEEZE, 1)
        self.taps = nn.Parameter(torch.zeros(kernel - 1, channels))
        self.strictness = nn.Parameter(torch.full((kernel - 1,), STRICTNESS))
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.squeeze = nn.Conv2d(channels, small, 1)
        self.mix = nn.Conv2d(kernel * small, small, 1)
        self.expand = nn.Conv2d(small, channels + kernel - 1, 1)
        nn.init.zeros_(self.expand.weight)
        nn.init.zeros_(self.expand.bias)  # type: ignore[arg-type]

    def forward(self, x: Frames, way: Pass) -> Frames:
        """(b, t, c, h, w) in and out."""
        small = way.frames(lambda part: self.squeeze(self.norm(part)), x)
        pairs = zip(
            way.windows((self, "small"), small, self.before, self.after),
            way.windows(self, x, self.before, self.after),
            strict=True,
        )
        return gathered((self.in_bands(way.bands, *pair) for pair in pairs), *x.shape[:2])

    def in_bands(
        self, bands: int, small: tuple[Pictures, ...], window: tuple[Pictures, ...]
    ) -> Pictures:
        """`blend` of a few rows at a time, whose intermediate values are the most there are."""
        if bands == 1:
            return self.blend(small, window)
        out = torch.empty_like(window[0])
        rows = -(-out.shape[2] // bands)
        for top in range(0, out.shape[2], rows):
            band = (..., slice(top, top + rows), slice(None))
            out[band] = self.blend(
                tuple(part[band] for part in small), tuple(part[band] for part in window)
            )
        return out

    def blend(self, small: tuple[Pictures, ...], window: tuple[Pictures, ...]) -> Pictures:
        """The answer for the present frame of each window."""
        now, present = small[self.before], window[self.before]
        changes = [(other - now).abs_() for other in self.others(small)]
        steering = nn.functional.silu(self.mix(torch.cat([now, *changes], 1)))
        more, gates = self.expand(steering).split((self.channels, len(self.taps)), 1)
        out = present + more
        for n, (other, change) in enumerate(zip(self.others(window), changes, strict=True)):
            unlike = change.square().mean(1, keepdim=True)
            gate = 2 * (gates[:, n : n + 1] - self.strictness[n] * unlike).sigmoid()
            out.addcmul_((other - present) * gate, self.taps[n][:, None, None])
        return out

    def others(self, window: tuple[Pictures, ...]) -> tuple[Pictures, ...]:
        """All frames of a window but the present one."""
        return window[: self.before] + window[self.before + 1 :]


class TemporalAttention(nn.Module):
    """Attention over time: a position looks at itself in the frames around it.

    In the `window - 1` frames before it and, unless causal, after it. How far away a frame is
    tells a learned summand for each head. The last layer starts at zero.
    """

    def __init__(
        self, channels: int, groups: int, window: int, causal: bool, head_channels: int = 64
    ) -> None:
        super().__init__()
        self.window, self.causal = window, causal
        self.heads = channels // head_channels if channels % head_channels == 0 else 1
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.to_qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.to_out = nn.Conv2d(channels, channels, 1)
        self.nearness = nn.Parameter(torch.zeros(self.heads, 2 * window - 1))
        nn.init.zeros_(self.to_out.weight)
        nn.init.zeros_(self.to_out.bias)  # type: ignore[arg-type]

    def forward(self, x: Frames, way: Pass) -> Frames:
        """(b, t, c, h, w) in and out."""
        qkv = way.frames(lambda part: self.to_qkv(self.norm(part)), x)
        query, key_value = qkv.split((x.shape[2], 2 * x.shape[2]), 2)
        recalled = way.recalled(self)
        if recalled is not None:
            key_value = torch.cat([recalled, key_value], 1)
        way.keep(self, [key_value], self.window - 1)
        summand = self.summand(query.shape[1], key_value.shape[1])
        samples = zip(query.split(1), key_value.split(1), strict=True)
        seen = torch.cat([self.look(q, kv, summand) for q, kv in samples])
        return x + way.frames(self.to_out, seen)

    def summand(self, queries: int, keys: int) -> Float[Tensor, "heads queries keys"]:
        """What nearness adds to a frame's score; minus infinity out of the window."""
        device = self.nearness.device
        present = torch.arange(keys - queries, keys, device=device)[:, None]
        distance = present - torch.arange(keys, device=device)
        index = distance.clamp(1 - self.window, self.window - 1) + self.window - 1
        hidden = distance.abs() >= self.window
        if self.causal:
            hidden = hidden | (distance < 0)
        return self.nearness[:, index].masked_fill(hidden, float("-inf"))

    def look(
        self,
        query: Float[Tensor, "1 t c h w"],
        key_value: Float[Tensor, "1 s cc h w"],
        summand: Float[Tensor, "heads t s"],
    ) -> Float[Tensor, "1 t c h w"]:
        """What all positions of one sample see."""
        height, width = query.shape[-2:]

        def per_position(part: Tensor) -> Float[Tensor, "positions heads frames size"]:
            rows = part[0].flatten(2).permute(2, 0, 1)
            return rows.unflatten(2, (self.heads, -1)).transpose(1, 2)

        key, value = key_value.chunk(2, 2)
        seen = nn.functional.scaled_dot_product_attention(
            per_position(query), per_position(key), per_position(value), attn_mask=summand
        )
        return seen.transpose(1, 2).flatten(2).permute(1, 2, 0).unflatten(2, (height, width))[None]


class TemporalDownsample(nn.Module):
    """Halves the number of frames: 2k + 1 become k + 1, each made of itself and those before it.

    Starts by keeping every second frame.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.before = max(kernel, 3) - 1
        self.mix = nn.Conv2d((self.before + 1) * channels, channels, 1)
        _keep_present(self.mix, phases=1)

    def forward(self, x: Frames, way: Pass) -> Frames:
        """(b, 2k + 1, c, h, w), or 2k frames later in a stream, to (b, k + 1 or k, c, h, w)."""
        windows = way.windows(self, x, self.before, stride=2)
        parts = (self.mix(torch.cat(window, 1)) for window in windows)
        return gathered(parts, len(x), -(-x.shape[1] // 2))


class TemporalUpsample(nn.Module):
    """Doubles the number of frames: k + 1 become 2k + 1, each made of one and those before it.

    Starts by repeating every frame but the first.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.before = max(kernel, 2) - 1
        self.mix = nn.Conv2d((self.before + 1) * channels, 2 * channels, 1)
        _keep_present(self.mix, phases=2)

    def forward(self, x: Frames, way: Pass) -> Frames:
        """(b, k + 1, c, h, w), or k frames later in a stream, to (b, 2k + 1 or 2k, c, h, w)."""
        begins = way.recalled(self) is None
        parts = (self.mix(torch.cat(window, 1)) for window in way.windows(self, x, self.before))
        doubled = gathered(parts, *x.shape[:2]).unflatten(2, (2, -1)).flatten(1, 2)
        return doubled[:, 1:] if begins else doubled


def _keep_present(mix: nn.Conv2d, phases: int) -> None:
    """Let each phase of the answer be the last of the frames that come in."""
    channels = mix.out_channels // phases
    nn.init.zeros_(mix.weight)
    nn.init.zeros_(mix.bias)  # type: ignore[arg-type]
    with torch.no_grad():
        for phase in mix.weight.split(channels):
            phase[:, -channels:, 0, 0] = torch.eye(channels)
