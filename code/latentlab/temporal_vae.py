"""`TemporalVAE`: a video autoencoder, an image autoencoder of diffusers with layers along time.

A video (B, C, T, H, W) in [-1, 1] becomes a latent (B, latent_channels, T', H / 8, W / 8). T' is
T, or (T - 1) / 4 + 1 when time is compressed. An image is a video of one frame.
"""

import copy
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import torch
from diffusers import AutoencoderKL, ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from diffusers.utils.accelerate_utils import apply_forward_hook
from jaxtyping import Float
from torch import Tensor, nn

from latentlab.temporal_blocks import Frames, Pass, Past
from latentlab.video_checks import Given, check_axes, check_frames, check_values
from latentlab.video_networks import TimeLayers, VideoDecoder, VideoEncoder

Video: TypeAlias = Float[Tensor, "b _ _ _ _"]  # b c t h w
Vector: TypeAlias = Float[Tensor, " parameters"]
Number: TypeAlias = float | int
Side: TypeAlias = Literal["encode", "decode"]

ONE_FRAME, MANY_POSITIONS, ALL_POSITIONS = 1, 2**14, sys.maxsize  # that a layer is given
BRIGHTEST = 2.0  # beyond this, pixels are surely not in [-1, 1]


@dataclass(frozen=True)
class StreamCache:
    """What a stream keeps between two chunks; it is never changed, each chunk makes a new one.

    Attributes:
        owner: The model whose stream this is.
        side: "encode" or "decode".
        sizes: B, H and W of a chunk.
        tiles: Size and overlap of tiles, if the frames are cut, and whether exactly.
        waiting: Frames that do not make a latent frame yet.
        kept: What the layers keep of the frames that went through.
    """

    owner: "TemporalVAE"
    side: Side
    sizes: tuple[int, ...]
    tiles: tuple[int, int, bool] | None
    waiting: Video | None = None
    kept: Past = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Its size in memory, which does not grow with the stream."""
        waiting = 0 if self.waiting is None else self.waiting.nbytes
        return waiting + sum(frames.nbytes for frames in self.kept.values())


@dataclass(frozen=True)
class Losses:
    """What training makes smaller. Each is a scalar tensor; `total` is their weighted sum."""

    total: Tensor
    reconstruction: Tensor
    kl: Tensor
    temporal: Tensor


RECONSTRUCTION: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": nn.functional.l1_loss,
    "l2": nn.functional.mse_loss,
    "huber": nn.functional.smooth_l1_loss,
}


class TemporalVAE(ModelMixin, ConfigMixin):
    """A video autoencoder with the interface of diffusers' `AutoencoderKL`.

    2-D blocks, those of `AutoencoderKL`, work on each frame; after them layers along time work on
    each position: after the middle and every level of the decoder, and at the encoder's lowest
    resolution. Normalizations see one frame only. Fresh, all layers along time are the identity,
    so the model begins as an image autoencoder. See `from_image_vae` to begin as a trained one.

    A layer is given frames of one sample only, so a batch has the bits of its samples. In
    evaluation mode a causal model goes through the whole network frame by frame: a stream in any
    chunks has the bits of the whole clip, and a long clip takes no more memory than a short one.
    A model that is not causal goes layer by layer, a few frames at a time; where gradients are
    needed or `torch.compile` is at work, all frames of a sample go through a layer at once.

    Args:
        in_channels: Of the video, in and out.
        latent_channels: Of the latent.
        base_channels: Channels at full size.
        channel_multipliers: Times `base_channels`, the channels of each level; a level has half
            the height and width of the one before.
        num_temporal_layers: Convolutions over time at each place that has any. With 0 no layer
            looks at another frame, temporal attention included.
        temporal_kernel_size: Frames such a convolution sees; odd.
        causal: Whether no frame depends on a later one.
        scaling_factor: What a denoiser's latent is multiplied by.
        temporal_attention: Whether, at the lowest resolution, there is attention over time.
        temporal_window: How many frames it reaches back, the present one counted.
        temporal_compression: 1, or 4: then 4k + 1 frames become k + 1 latent frames.
        seed: Of the initialization; the global random state stays as it is. Without one,
            weights come from the global state.
        layers_per_block: Residual blocks at each level of the encoder; the decoder has one more.
        norm_num_groups: Of the normalizations. Without one, 32 or the next smaller power of two
            that gives each group four channels.
        mid_block_add_attention: Whether there is attention within a frame, at the lowest
            resolution.
        use_quant_conv: Whether a 1 x 1 convolution follows the encoder.
        use_post_quant_conv: Whether one precedes the decoder.
        shift_factor: What is subtracted from the latent before it is multiplied.

    Raises ValueError for a configuration that cannot be.
    """

    _supports_gradient_checkpointing = True

    @register_to_config
    def __init__(
        self,
        in_channels: int = 3,
        latent_channels: int = 4,
        base_channels: int = 128,
        channel_multipliers: Sequence[Number] = (1, 2, 4, 4),
        num_temporal_layers: int = 1,
        temporal_kernel_size: int = 3,
        causal: bool = False,
        scaling_factor: Number = 0.18215,
        temporal_attention: bool = True,
        temporal_window: int = 16,
        temporal_compression: int = 1,
        seed: int | None = None,
        layers_per_block: int = 2,
        norm_num_groups: int | None = None,
        mid_block_add_attention: bool = True,
        use_quant_conv: bool = True,
        use_post_quant_conv: bool = True,
        shift_factor: Number | None = None,
    ) -> None:
        super().__init__()
        widths = _widths(base_channels, channel_multipliers)
        groups = _groups(widths) if norm_num_groups is None else norm_num_groups
        time = TimeLayers(
            num_temporal_layers,
            temporal_kernel_size,
            causal,
            temporal_attention,
            temporal_window,
            temporal_compression > 1,
            groups,
        )
        if temporal_compression not in (1, 4):
            raise ValueError(f"temporal_compression is {temporal_compression}: expected 1 or 4")
        if time.compress and len(widths) < 3:
            raise ValueError(f"there are {len(widths)} levels: expected 3 to compress time by 4")
        if any(width % groups for width in widths):
            raise ValueError(f"norm_num_groups is {groups}: expected a divisor of all of {widths}")
        if not 0 < scaling_factor < math.inf:
            raise ValueError(f"scaling_factor is {scaling_factor}: expected a number above 0")
        options = {
            "layers_per_block": layers_per_block,
            "mid_block_add_attention": mid_block_add_attention,
        }
        with torch.random.fork_rng(devices=[], enabled=seed is not None):
            if seed is not None:
                torch.default_generator.manual_seed(seed)
            self.encoder = VideoEncoder(
                widths, time, in_channels=in_channels, out_channels=latent_channels, **options
            )
            self.decoder = VideoDecoder(
                widths, time, in_channels=latent_channels, out_channels=in_channels, **options
            )
            moments = 2 * latent_channels
            self.quant_conv = nn.Conv2d(moments, moments, 1) if use_quant_conv else None
            self.post_quant_conv = (
                nn.Conv2d(latent_channels, latent_channels, 1) if use_post_quant_conv else None
            )
        self.use_slicing = self.use_tiling = False
        self.exact_tiling = False
        self.tile_latent_size, self.tile_latent_overlap = 32, 8
        self.spatial_compression_ratio = self.downsample_factor
        self.temporal_compression_ratio = temporal_compression

    @classmethod
    def from_image_vae(cls, image_vae: AutoencoderKL, **options: Any) -> "TemporalVAE":
        """A video model that begins as this image model: it does the same on each frame.

        A causal one and one frame have the same bits; several frames of another may be rounded
        otherwise, as those of a batch are in the image model.

        `options` are those arguments of the class that an image model does not have, such as
        `causal` or `num_temporal_layers`. Weights are copied; so are precision, device and mode.

        Raises ValueError for an image model with other layers than `TemporalVAE` has.
        """
        config = image_vae.config
        if "block_out_channels" not in config:
            raise ValueError(f"got a {type(image_vae).__name__}: expected a plain AutoencoderKL")
        widths = tuple(config.block_out_channels)
        for name, expected in (
            ("down_block_types", ("DownEncoderBlock2D",) * len(widths)),
            ("up_block_types", ("UpDecoderBlock2D",) * len(widths)),
            ("act_fn", "silu"),
            ("out_channels", config.in_channels),
            ("latents_mean", None),
            ("latents_std", None),
        ):
            found = config.get(name)
            found = tuple(found) if isinstance(found, list) else found
            if found != expected:
                raise ValueError(f"{name} of the image VAE is {found}: expected {expected}")
        shared = (
            "in_channels",
            "latent_channels",
            "scaling_factor",
            "shift_factor",
            "layers_per_block",
            "norm_num_groups",
            "mid_block_add_attention",
            "use_quant_conv",
            "use_post_quant_conv",
        )
        known = {name: config.get(name) for name in shared}
        model = cls(
            **known,
            base_channels=widths[0],
            channel_multipliers=tuple(width / widths[0] for width in widths),
            **options,
        )
        missing, unexpected = model.load_state_dict(image_vae.state_dict(), strict=False)
        if unexpected or any(".temporal" not in name for name in missing):
            raise ValueError(
                f"the {type(image_vae).__name__} has not the layers of its configuration: "
                "expected a plain AutoencoderKL"
            )
        if image_vae.dtype != model.dtype:
            model.to(image_vae.dtype)
        return model.to(image_vae.device).train(image_vae.training)

    # What it is.

    @property
    def downsample_factor(self) -> int:
        """Pixels along a side of a latent cell."""
        return 2 ** (len(self.config.channel_multipliers) - 1)

    @property
    def temporal_downsample_factor(self) -> int:
        """Frames for each latent frame after the first: 1 or 4."""
        return self.config.temporal_compression

    @property
    def in_channels(self) -> int:
        """Channels of the video."""
        return self.config.in_channels

    @property
    def latent_channels(self) -> int:
        """Channels of the latent."""
        return self.config.latent_channels

    @property
    def scaling_factor(self) -> Number:
        """What a denoiser's latent is multiplied by."""
        return self.config.scaling_factor

    @property
    def is_causal(self) -> bool:
        """Whether no frame depends on a later one."""
        return self.config.causal

    @property
    def temporal_kernel_size(self) -> int:
        """Frames that one convolution over time sees."""
        return self.config.temporal_kernel_size

    @property
    def parameter_count(self) -> int:
        """Numbers that training changes."""
        return sum(parameter.numel() for parameter in self.parameters())

    @property
    def supports_slicing(self) -> bool:
        """Whether `enable_slicing` does something."""
        return True

    @property
    def supports_tiling(self) -> bool:
        """Whether `enable_tiling` does something."""
        return True

    # Between pixels and latents.

    @apply_forward_hook
    def encode(
        self, video: Given, return_dict: bool = True
    ) -> AutoencoderKLOutput | tuple[DiagonalGaussianDistribution]:
        """The distribution of the unscaled latent of a video in [-1, 1].

        `encode(video).latent_dist` has `sample()` and `mode()`, (b, latent_channels, t', h, w).

        Raises ValueError for another rank or another number of channels, sides that are no
        multiples of the downsample factor, a number of frames off the rule, NaN, or values far
        outside [-1, 1]; TypeError for integers or another precision than the weights'.
        """
        self._check_video(video)
        check_frames(video.shape[2], self.temporal_downsample_factor)
        posterior = DiagonalGaussianDistribution(self._sliced("encode", video))
        return AutoencoderKLOutput(latent_dist=posterior) if return_dict else (posterior,)

    @apply_forward_hook
    def decode(
        self, z: Given, return_dict: bool = True, generator: torch.Generator | None = None
    ) -> DecoderOutput | tuple[Video]:
        """The video of an unscaled latent, `decode(z).sample`: (b, c, t, h, w).

        `generator` is there because siblings have one; nothing is drawn.

        Raises ValueError for another rank, another number of channels or NaN; TypeError for
        integers or another precision than the weights'.
        """
        self._check_latent(z)
        video = self._sliced("decode", z)
        return DecoderOutput(sample=video) if return_dict else (video,)

    def forward(
        self,
        sample: Given,
        sample_posterior: bool = False,
        return_dict: bool = True,
        generator: torch.Generator | None = None,
    ) -> DecoderOutput | tuple[Video]:
        """A video through encoder and decoder. Raises as `encode` does."""
        posterior = self.encode(sample).latent_dist
        z = posterior.sample(generator) if sample_posterior else posterior.mode()
        return self.decode(z, return_dict=return_dict)

    def encode_with_distribution(self, video: Given) -> tuple[Video, Video]:
        """Mean and log-variance of the unscaled latent. Raises as `encode` does."""
        posterior = self.encode(video).latent_dist
        return posterior.mean, posterior.logvar

    def encode_video_for_diffusion(
        self, video: Given, sample: bool = True, generator: torch.Generator | None = None
    ) -> Video:
        """The latent a denoiser works on: a draw, or the mean, times `scaling_factor`.

        Raises as `encode` does.
        """
        posterior = self.encode(video).latent_dist
        z = posterior.sample(generator) if sample else posterior.mode()
        return (z - (self.config.shift_factor or 0)) * self.scaling_factor

    def decode_video_from_diffusion(self, z: Given) -> Video:
        """The video of a denoiser's latent, which is divided by `scaling_factor` first.

        Raises as `decode` does.
        """
        self._check_latent(z)
        return self.decode(z / self.scaling_factor + (self.config.shift_factor or 0)).sample

    # A long clip in chunks.

    @torch.no_grad()
    def encode_stream(
        self, chunk: Given, cache: StreamCache | None = None
    ) -> tuple[DiagonalGaussianDistribution, StreamCache]:
        """The next latent frames of a stream, and what to give with the chunk after this one.

            posterior, cache = vae.encode_stream(chunk, cache)

        The first chunk comes without a cache. Chunks have any number of frames; the latent frames
        of all of them are those of `encode` for the whole clip. Where time is compressed, frames
        that do not make a latent frame yet wait in the cache, and a posterior may have no frame.

        Raises as `encode` does, and ValueError for a model that is not causal and for a cache of
        another model, of `decode_stream`, or of another clip shape. The given cache stays good.
        """
        self._check_video(chunk)
        cache = self._resumed("encode", chunk, cache)
        video = chunk if cache.waiting is None else torch.cat([cache.waiting, chunk], 2)
        first = 0 if cache.kept else 1
        ready = video.shape[2] - (video.shape[2] - first) % self.temporal_downsample_factor
        if ready:
            moments, kept = self._stepwise("encode", video[:, :, :ready], cache.kept)
        else:
            sides = (side // self.downsample_factor for side in video.shape[3:])
            moments, kept = video.new_empty(len(video), 2 * self.latent_channels, 0, *sides), {}
        waiting = video[:, :, ready:].clone()
        cache = replace(cache, waiting=waiting, kept=kept or cache.kept)
        return DiagonalGaussianDistribution(moments), cache

    @torch.no_grad()
    def decode_stream(
        self, chunk: Given, cache: StreamCache | None = None
    ) -> tuple[Video, StreamCache]:
        """The next frames of a stream of latent frames; see `encode_stream`.

            video, cache = vae.decode_stream(chunk, cache)

        Where time is compressed, the first latent frame makes one frame and every other four.

        Raises as `decode` does, and ValueError as `encode_stream` does.
        """
        self._check_latent(chunk)
        cache = self._resumed("decode", chunk, cache)
        video, kept = self._stepwise("decode", chunk, cache.kept)
        return video, replace(cache, kept=kept)

    # In less memory.

    def enable_slicing(self) -> None:
        """Take the samples of a batch one after the other. The result has the same bits."""
        self.use_slicing = True

    def disable_slicing(self) -> None:
        """Take all samples of a batch together."""
        self.use_slicing = False

    def enable_tiling(
        self, tile_latent_size: int = 32, tile_latent_overlap: int = 8, exact: bool = False
    ) -> None:
        """Cut frames larger than a tile. Sizes are in latent cells.

        The fast mode takes overlapping tiles through the whole network and blends them linearly.
        Normalizations and attention see one tile, so the result is another one, and memory is
        that of a tile. The exact mode cuts each layer of each frame into bands of a tile's area,
        with the rows around them and the statistics of the whole frame: the result is that
        without tiling but for rounding, and memory is that of two whole layers.

        Raises ValueError for a tile or an overlap that cannot be.
        """
        if tile_latent_size < 1:
            raise ValueError(f"tile_latent_size is {tile_latent_size}: expected 1 or more")
        if not 0 <= tile_latent_overlap < tile_latent_size:
            raise ValueError(
                f"tile_latent_overlap is {tile_latent_overlap}: expected 0 to "
                f"{tile_latent_size - 1}, less than a tile"
            )
        self.use_tiling, self.exact_tiling = True, exact
        self.tile_latent_size, self.tile_latent_overlap = tile_latent_size, tile_latent_overlap

    def disable_tiling(self) -> None:
        """Take frames whole."""
        self.use_tiling = False

    # Training.

    def training_loss(
        self,
        video: Given,
        reconstruction: str | Callable[[Tensor, Tensor], Tensor] = "l1",
        kl_weight: Number = 1e-6,
        temporal_weight: Number = 0.1,
        latent_noise: Number = 0.0,
        generator: torch.Generator | None = None,
    ) -> Losses:
        """What training on a video makes smaller.

        total = reconstruction + kl_weight * kl + temporal_weight * temporal, where `kl` is the
        divergence from the standard normal distribution, in nats for each number of the latent,
        and `temporal` the mean absolute difference between the frame-to-frame change of the
        answer and that of the video (0 for an image).

        Args:
            video: As for `encode`.
            reconstruction: "l1", "l2", "huber", or a function of the answer and the video.
            kl_weight: Of the divergence.
            temporal_weight: Of the frame-to-frame change.
            latent_noise: The standard deviation of noise added to the latent before it is
                decoded, as a share of the latent's scale, 1 / scaling_factor.
            generator: Of the draw from the posterior and of the noise.

        Raises as `encode` does, and ValueError for another name of a loss.
        """
        if isinstance(reconstruction, str):
            if reconstruction not in RECONSTRUCTION:
                raise ValueError(
                    f"reconstruction is {reconstruction!r}: expected a function or one of "
                    f"{tuple(RECONSTRUCTION)}"
                )
            reconstruction = RECONSTRUCTION[reconstruction]
        posterior = self.encode(video).latent_dist
        z = posterior.sample(generator)
        if latent_noise:
            noise = torch.randn(z.shape, generator=generator, device=z.device, dtype=z.dtype)
            z = z + latent_noise / self.scaling_factor * noise
        answer = self.decode(z).sample
        rebuilt = reconstruction(answer, video)
        kl = 0.5 * (posterior.mean**2 + posterior.var - 1 - posterior.logvar).mean()
        temporal = answer.new_zeros(())
        if video.shape[2] > 1:
            temporal = nn.functional.l1_loss(answer.diff(dim=2), video.diff(dim=2))
        total = rebuilt + kl_weight * kl + temporal_weight * temporal
        return Losses(total, rebuilt, kl, temporal)

    def clone(self) -> "TemporalVAE":
        """An independent copy, without gradients."""
        twin = copy.deepcopy(self)
        twin.zero_grad(set_to_none=True)
        return twin

    def get_parameters(self) -> Vector:
        """A copy of all parameters, one after the other in the order of `parameters()`."""
        return torch.cat([parameter.detach().flatten() for parameter in self.parameters()])

    def set_parameters(self, vector: Given) -> None:
        """Take over all parameters from a vector such as `get_parameters` makes.

        Raises ValueError for a tensor of another length or rank, or with NaN; TypeError for
        integers.
        """
        if vector.ndim != 1 or len(vector) != self.parameter_count:
            raise ValueError(
                f"the vector has shape {tuple(vector.shape)}, {vector.numel()} numbers: expected "
                f"one axis of {self.parameter_count}"
            )
        check_values(vector, "the vector")
        parameters = list(self.parameters())
        parts = vector.split([parameter.numel() for parameter in parameters])
        with torch.no_grad():
            for parameter, part in zip(parameters, parts, strict=True):
                parameter.copy_(part.view_as(parameter))

    # The way through the network.

    def _sliced(self, side: Side, x: Video) -> Video:
        if self.use_slicing and len(x) > 1:
            return torch.cat([self._through(side, sample) for sample in x.split(1)])
        return self._through(side, x)

    def _through(self, side: Side, x: Video) -> Video:
        """A clip: layer by layer, or frame by frame where that is the same."""
        training = torch.compiler.is_compiling() or (self.training and torch.is_grad_enabled())
        if self.is_causal and not training:
            return self._stepwise(side, x, {})[0]
        way = Pass(ALL_POSITIONS if training else MANY_POSITIONS)
        return self._tiled(side, x.movedim(2, 1), way).movedim(1, 2).contiguous()

    def _stepwise(self, side: Side, x: Video, past: Past) -> tuple[Video, Past]:
        """The next frames of a clip, as few at a time as can be, through the whole network."""
        rate = self.temporal_downsample_factor if side == "encode" else 1
        frames = x.movedim(2, 1)
        first = 0 if past else 1
        parts = []
        for step in (*frames[:, :first].split(1, 1), *frames[:, first:].split(rate, 1)):
            if step.shape[1]:
                way = Pass(ONE_FRAME, past=past)
                parts.append(self._tiled(side, step, way))
                past = way.kept
        return torch.cat(parts, 1).movedim(1, 2).contiguous(), past

    def _tiled(self, side: Side, x: Frames, way: Pass) -> Frames:
        """Frames through one half of the network, cut as `enable_tiling` says."""
        before, after = self.downsample_factor, 1
        if side == "decode":
            before, after = after, before
        height, width = (pixels // before for pixels in x.shape[3:])
        size = self.tile_latent_size
        if not self.use_tiling or max(height, width) <= size:
            return self._half(side, x, way)
        if self.exact_tiling:
            bands = min(-(-height // size) * -(-width // size), height)
            return self._half(side, x, replace(way, bands=bands))
        out: Tensor | None = None
        for top, down in _ramps(height, size, self.tile_latent_overlap, after, x):
            for left, across in _ramps(width, size, self.tile_latent_overlap, after, x):
                tile = x[
                    ...,
                    top * before : (top + size) * before,
                    left * before : (left + size) * before,
                ]
                part = self._half(side, tile, replace(way, tile=(top, left)))
                if out is None:
                    out = part.new_zeros(*part.shape[:3], height * after, width * after)
                out[
                    ...,
                    top * after : (top + size) * after,
                    left * after : (left + size) * after,
                ] += part * down[:, None] * across
        assert out is not None
        return out

    def _half(self, side: Side, x: Frames, way: Pass) -> Frames:
        """The encoder or the decoder, with the 1 x 1 convolution of the latent."""
        if side == "encode":
            x = self.encoder(x, way)
            return x if self.quant_conv is None else way.frames(self.quant_conv, x)
        if self.post_quant_conv is not None:
            x = way.frames(self.post_quant_conv, x)
        return self.decoder(x, way)

    # What is refused.

    def _resumed(self, side: Side, chunk: Given, cache: StreamCache | None) -> StreamCache:
        """The cache, or that of a new stream, if it fits the chunk."""
        if not self.is_causal:
            raise ValueError("this model is not causal: to stream, expected one with causal=True")
        sizes = (len(chunk), *chunk.shape[3:])
        tiles = (self.tile_latent_size, self.tile_latent_overlap, self.exact_tiling)
        new = StreamCache(self, side, sizes, tiles if self.use_tiling else None)
        if cache is None:
            return new
        if cache.owner is not self:
            raise ValueError("the cache is of another model: expected this model's, or None")
        if cache.side != side:
            raise ValueError(
                f"the cache is of {cache.side}_stream: expected one of {side}_stream, or None"
            )
        if cache.sizes != sizes:
            raise ValueError(
                f"the cache is of chunks with B, H, W = {cache.sizes} and this one has {sizes}: "
                "expected the same, or None to begin a new stream"
            )
        if cache.tiles != new.tiles:
            raise ValueError(
                f"the cache is of tiles (size, overlap, exact) = {cache.tiles} and the model has "
                f"{new.tiles}: expected the same, or None to begin a new stream"
            )
        return cache

    def _check_video(self, video: Given) -> None:
        factor = self.downsample_factor
        check_axes(video, "video", self.in_channels, factor, self.dtype)
        check_values(video, "the video", BRIGHTEST)

    def _check_latent(self, z: Given) -> None:
        check_axes(z, "latent", self.latent_channels, 1, self.dtype)
        check_values(z, "the latent")


def _widths(base: int, multipliers: Sequence[Number]) -> tuple[int, ...]:
    """Channels of each level. Raises ValueError when they are no whole numbers."""
    widths = tuple(round(base * multiplier) for multiplier in multipliers)
    exact = (base * multiplier for multiplier in multipliers)
    if not widths or any(
        width < 1 or abs(width - value) > 1e-6 for width, value in zip(widths, exact, strict=True)
    ):
        raise ValueError(
            f"{base} channels times {tuple(multipliers)}: expected whole numbers, 1 or more"
        )
    return widths


def _groups(widths: Sequence[int]) -> int:
    """Groups of four channels or more, at most 32."""
    return max(
        (groups for groups in (2, 4, 8, 16, 32) if not any(w % (4 * groups) for w in widths)),
        default=1,
    )


def _ramps(
    cells: int, size: int, overlap: int, scale: int, like: Tensor
) -> list[tuple[int, Float[Tensor, " side"]]]:
    """Where along one axis the tiles begin, in latent cells, and how much each weighs.

    A tile has `size` cells of `scale` numbers each. Weights rise and fall linearly over the
    overlap, and at every number those of all tiles add up to 1.
    """
    size = min(size, cells)
    starts = [*range(0, cells - size, max(size - overlap, 1)), cells - size]
    weights = like.new_zeros(len(starts), cells * scale)
    place = torch.arange(size * scale, device=like.device) + 0.5
    for weight, start in zip(weights, starts, strict=True):
        rise = place if start > 0 else torch.full_like(place, math.inf)
        fall = place.flip(0) if start < cells - size else torch.full_like(place, math.inf)
        ramp = (torch.minimum(rise, fall) / max(overlap * scale, 1)).clamp(max=1)
        weight[start * scale : (start + size) * scale] = ramp
    weights = weights / weights.sum(0)
    return [
        (start, weight[start * scale : (start + size) * scale])
        for weight, start in zip(weights, starts, strict=True)
    ]
