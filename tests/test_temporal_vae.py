"""The video autoencoder: what a frame depends on, what a stream keeps, and what costs no bit."""

import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL
from diffusers.models.autoencoders.vae import DecoderOutput
from hypothesis import given, settings
from hypothesis import strategies as st
from latentlab import image_vae, patch_vae, small_vae
from latentlab.latent_diffusion import LatentDiffusion
from latentlab.temporal_blocks import Pass, TemporalConv
from latentlab.temporal_vae import ALL_POSITIONS, TemporalVAE, _ramps
from torch import Tensor

pytestmark = pytest.mark.usefixtures("one_thread")

# Few channels and f = 4, so that a test takes milliseconds; f = 8 where the factor matters.
TINY = {"base_channels": 4, "channel_multipliers": (1, 2, 2), "layers_per_block": 1, "seed": 0}
F = 4
COMPRESSING = {"causal": True, "temporal_compression": 4}
KINDS = st.sampled_from([{"causal": False}, {"causal": True}, COMPRESSING])


@cache
def model(**options: Any) -> TemporalVAE:
    """A model with random weights, in which no layer is the identity any more."""
    vae = TemporalVAE(**TINY | options).eval()
    random = torch.Generator().manual_seed(1)
    vae.set_parameters(
        vae.get_parameters() + 0.1 * torch.randn(vae.parameter_count, generator=random)
    )
    return vae.requires_grad_(False)


def pixels(*shape: int, seed: int = 0) -> Tensor:
    """Noise in [-1, 1]."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def mode(vae: TemporalVAE, video: Tensor) -> Tensor:
    """The mean of the latent."""
    return vae.encode(video).latent_dist.mode()


def decoded(vae: TemporalVAE, z: Tensor) -> Tensor:
    """The video of a latent."""
    return vae.decode(z).sample


# Shapes and the interface.


@settings(max_examples=12)
@given(
    b=st.integers(1, 2), t=st.integers(1, 6), h=st.integers(1, 3), w=st.integers(1, 3), kind=KINDS
)
def test_shapes(b, t, h, w, kind):
    vae = model(**kind)
    frames = 4 * (t - 1) + 1 if kind == COMPRESSING else t
    video = pixels(b, 3, frames, F * h, F * w)
    posterior = vae.encode(video).latent_dist
    assert posterior.mode().shape == posterior.sample().shape == (b, 4, t, h, w)
    assert decoded(vae, posterior.mode()).shape == vae(video).sample.shape == video.shape


def test_the_default_configuration_has_factor_8_and_the_channels_of_stable_diffusion():
    with torch.device("meta"):
        vae = TemporalVAE()
        assert mode(vae, torch.empty(1, 3, 3, 16, 24)).shape == (1, 4, 3, 2, 3)
        assert decoded(vae, torch.empty(1, 4, 3, 2, 3)).shape == (1, 3, 3, 16, 24)
    assert (vae.downsample_factor, vae.temporal_downsample_factor) == (8, 1)
    assert (vae.in_channels, vae.latent_channels, vae.scaling_factor) == (3, 4, 0.18215)
    assert (vae.is_causal, vae.temporal_kernel_size) == (False, 3)
    assert vae.supports_slicing and vae.supports_tiling
    assert vae.parameter_count == sum(p.numel() for p in vae.parameters())
    assert model(**COMPRESSING).temporal_downsample_factor == 4 and model(causal=True).is_causal


def test_it_stands_where_an_autoencoder_of_diffusers_does():
    vae, video = model(), pixels(1, 3, 2, 8, 8)
    (posterior,) = vae.encode(video, return_dict=False)
    assert torch.equal(posterior.mode(), mode(vae, video))
    (sample,) = vae.decode(posterior.mode(), return_dict=False, generator=None)
    assert isinstance(vae.decode(posterior.mode()), DecoderOutput)
    assert torch.equal(vae(video).sample, sample) and torch.equal(
        vae(video, False, False)[0], sample
    )
    draws = [
        vae(video, sample_posterior=True, generator=torch.Generator().manual_seed(s)).sample
        for s in (0, 0, 1)
    ]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])
    mean, log_variance = vae.encode_with_distribution(video)
    assert torch.equal(mean, posterior.mean) and torch.equal(log_variance, posterior.logvar)
    around = LatentDiffusion.from_autoencoder(vae)
    z = around.encode(video, sample=False)
    torch.testing.assert_close(z, vae.encode_video_for_diffusion(video, sample=False))
    torch.testing.assert_close(around.decode(z), vae.decode_video_from_diffusion(z))


@pytest.mark.parametrize("shift", [None, 0.25])
def test_scaling_is_applied_once_and_undone(shift):
    vae, video = model(scaling_factor=0.5, shift_factor=shift), pixels(1, 3, 2, 8, 8)
    z = vae.encode_video_for_diffusion(video, sample=False)
    assert torch.equal(z, (mode(vae, video) - (shift or 0)) * 0.5)
    torch.testing.assert_close(vae.decode_video_from_diffusion(z), vae(video).sample)
    draws = [
        vae.encode_video_for_diffusion(video, generator=torch.Generator().manual_seed(3))
        for _ in range(2)
    ]
    assert torch.equal(*draws) and not torch.equal(draws[0], z)


# What a frame depends on.


@settings(max_examples=12)
@given(
    kind=st.sampled_from([{"causal": True}, COMPRESSING, {"causal": True, "temporal_window": 3}]),
    latent_frames=st.integers(2, 4),
    data=st.data(),
    training=st.booleans(),
)
def test_causal_means_that_no_bit_depends_on_a_later_frame(kind, latent_frames, data, training):
    vae = model(**kind)
    rate = vae.temporal_downsample_factor
    cut = data.draw(st.integers(1, latent_frames - 1))
    video = pixels(2, 3, rate * (latent_frames - 1) + 1, 8, 4)
    z = pixels(2, 4, latent_frames, 2, 1, seed=1)
    later, z_later = video.clone(), z.clone()
    first = rate * (cut - 1) + 1  # the first frame of latent frame `cut`
    later[:, :, first:] = pixels(*later[:, :, first:].shape, seed=2)
    z_later[:, :, cut:] *= -3
    vae.train(training)
    try:
        encoder = (mode(vae, video) != mode(vae, later)).sum((0, 1, 3, 4))
        decoder = (decoded(vae, z) != decoded(vae, z_later)).sum((0, 1, 3, 4))
    finally:
        vae.eval()
    assert not encoder[:cut].any() and encoder[cut:].all()
    assert not decoder[:first].any() and decoder[first:].all()


def test_a_model_that_is_not_causal_looks_both_ways():
    vae, video = model(causal=False), pixels(1, 3, 5, 8, 8)
    z = mode(vae, video)
    for frame in (0, 4):
        changed, z_changed = video.clone(), z.clone()
        changed[:, :, frame] *= -1
        z_changed[:, :, frame] *= -1
        assert (mode(vae, changed) != z).any(4).any(3).any(1).all()
        assert (decoded(vae, z_changed) != decoded(vae, z)).any(4).any(3).any(1).all()


def test_attention_over_time_reaches_its_window_and_no_further():
    vae = model(causal=True, temporal_window=3, temporal_kernel_size=1)
    video = pixels(1, 3, 6, 8, 8)
    changed = video.clone()
    changed[:, :, 1] *= -1
    moved = (mode(vae, video) != mode(vae, changed)).sum((0, 1, 3, 4)) > 0
    assert moved.tolist() == [False, True, True, True, False, False]


def test_without_layers_along_time_each_frame_is_an_image():
    vae, video = model(num_temporal_layers=0), pixels(1, 3, 3, 8, 8)
    frames = [decoded(vae, mode(vae, video[:, :, n : n + 1])) for n in range(3)]
    torch.testing.assert_close(torch.cat(frames, 2), vae(video).sample, atol=1e-5, rtol=1e-5)


def test_a_convolution_over_time_averages_noise_and_leaves_a_cut_alone():
    torch.manual_seed(0)
    layer = TemporalConv(32, groups=8, kernel=3, causal=True).requires_grad_(False)
    layer.taps.fill_(0.25)
    before, after = pixels(32, 8, 8), pixels(32, 8, 8, seed=1)
    noise = 0.1 * torch.randn(4, 32, 8, 8)
    x = torch.cat([before + noise, after[None]])[None]
    out = layer(x, Pass(ALL_POSITIONS))
    assert (out[0, 2:4] - before).std() < 0.85 * noise[2:].std()
    ghost = 0.25 * (x[0, 2] + x[0, 3] - 2 * after)
    assert (out[0, 4] - after).std() < 0.05 * ghost.std()


def test_a_still_clip_stays_still():
    for kind in ({"causal": False}, {"causal": True}):
        still = pixels(1, 3, 1, 8, 8).expand(-1, -1, 4, -1, -1)
        assert model(**kind)(still).sample.diff(dim=2).abs().max() < 1e-5


# Streams.


@settings(max_examples=15)
@given(
    kind=st.sampled_from([{"causal": True}, COMPRESSING, {"causal": True, "temporal_window": 2}]),
    latent_frames=st.integers(1, 5),
    batch=st.integers(1, 2),
    data=st.data(),
)
def test_a_stream_in_any_chunks_has_the_bits_of_the_whole(kind, latent_frames, batch, data):
    vae = model(**kind)
    rate = vae.temporal_downsample_factor
    frames = rate * (latent_frames - 1) + 1
    video, z = pixels(batch, 3, frames, 8, 4), pixels(batch, 4, latent_frames, 2, 1, seed=1)
    for stream, x, whole in (
        (vae.encode_stream, video, mode(vae, video)),
        (vae.decode_stream, z, decoded(vae, z)),
    ):
        parts, memory, left = [], None, x.shape[2]
        while left:
            size = data.draw(st.integers(1, left))
            chunk = x[:, :, x.shape[2] - left :][:, :, :size]
            answer, memory = stream(chunk, memory)
            parts.append(answer if isinstance(answer, Tensor) else answer.mode())
            left -= size
        assert torch.equal(torch.cat(parts, 2), whole)


def test_a_stream_keeps_no_more_of_a_long_clip_than_of_a_short_one():
    for kind in ({"causal": True, "temporal_window": 3}, COMPRESSING | {"temporal_window": 3}):
        vae, sizes = model(**kind), {"encode": [], "decode": []}
        caches: dict[str, Any] = {"encode": None, "decode": None}
        for n in range(8):
            _, caches["encode"] = vae.encode_stream(pixels(1, 3, 4, 8, 8, seed=n), caches["encode"])
            _, caches["decode"] = vae.decode_stream(pixels(1, 4, 2, 2, 2, seed=n), caches["decode"])
            for side, kept in caches.items():
                sizes[side].append(kept.nbytes)
                storages = {t.untyped_storage().data_ptr(): t for t in kept.kept.values()}
                held = sum(t.untyped_storage().nbytes() for t in storages.values())
                assert held <= kept.nbytes
        assert all(len(set(measured[3:])) == 1 for measured in sizes.values())


def test_two_streams_of_one_model_do_not_meet():
    vae = model(causal=True)
    clips = [pixels(1, 3, 4, 8, 8, seed=n) for n in (0, 1)]
    memories, parts = [None, None], [[], []]
    for frame in range(4):
        for n, clip in enumerate(clips):
            posterior, memories[n] = vae.encode_stream(clip[:, :, frame : frame + 1], memories[n])
            parts[n].append(posterior.mode())
    for clip, part in zip(clips, parts, strict=True):
        assert torch.equal(torch.cat(part, 2), mode(vae, clip))


def test_a_chunk_that_is_refused_leaves_the_stream_as_it_was():
    vae, video = model(**COMPRESSING), pixels(1, 3, 9, 8, 8)
    first, memory = vae.encode_stream(video[:, :, :3])
    _, other = vae.decode_stream(pixels(1, 4, 1, 2, 2))
    nan = video[:, :, 3:].clone()
    nan[0, 0, 0, 0, 0] = float("nan")
    for chunk, given_cache, told in (
        (pixels(1, 3, 4, 12, 8), memory, r"B, H, W = \(1, 8, 8\) and this one has \(1, 12, 8\)"),
        (pixels(2, 3, 4, 8, 8), memory, r"B, H, W = \(1, 8, 8\) and this one has \(2, 8, 8\)"),
        (nan, memory, "1 values are NaN"),
        (video[:, :, 3:], other, "the cache is of decode_stream"),
    ):
        with pytest.raises(ValueError, match=told):
            vae.encode_stream(chunk, given_cache)
    with pytest.raises(ValueError, match="of another model"):
        vae.clone().encode_stream(video[:, :, 3:], memory)
    with pytest.raises(ValueError, match="expected one with causal=True"):
        model(causal=False).decode_stream(pixels(1, 4, 1, 2, 2))
    vae = vae.clone()
    first, memory = vae.encode_stream(video[:, :, :3])
    vae.enable_tiling(1, 0)
    with pytest.raises(ValueError, match=r"exact\) = None and the model has \(1, 0, False\)"):
        vae.encode_stream(video[:, :, 3:], memory)
    vae.disable_tiling()
    rest, _ = vae.encode_stream(video[:, :, 3:], memory)
    assert torch.equal(torch.cat([first.mode(), rest.mode()], 2), mode(vae, video))


# Slices and tiles.


@settings(max_examples=12)
@given(
    kind=KINDS,
    b=st.integers(2, 3),
    t=st.integers(1, 3),
    h=st.integers(1, 6),
    w=st.integers(1, 6),
    training=st.booleans(),
)
def test_slicing_changes_no_bit(kind, b, t, h, w, training):
    vae = model(**kind).clone().train(training).requires_grad_(training)
    frames = vae.temporal_downsample_factor * (t - 1) + 1
    video, z = pixels(b, 3, frames, F * h, F * w), pixels(b, 4, t, h, w)
    whole = mode(vae, video), decoded(vae, z)
    vae.enable_slicing()
    assert torch.equal(mode(vae, video), whole[0]) and torch.equal(decoded(vae, z), whole[1])
    vae.disable_slicing()
    assert not vae.use_slicing


@settings(max_examples=12)
@given(
    kind=KINDS,
    t=st.integers(1, 2),
    h=st.integers(1, 7),
    w=st.integers(1, 7),
    tile=st.integers(1, 4),
)
def test_exact_tiling_is_untiled_but_for_rounding(kind, t, h, w, tile):
    vae = model(**kind).clone()
    frames = vae.temporal_downsample_factor * (t - 1) + 1
    video, z = pixels(1, 3, frames, F * h, F * w), pixels(1, 4, t, h, w)
    whole = mode(vae, video), decoded(vae, z)
    vae.enable_tiling(tile, 0, exact=True)
    torch.testing.assert_close(mode(vae, video), whole[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(decoded(vae, z), whole[1], atol=1e-5, rtol=1e-5)


def test_fast_tiling_streams_and_a_tile_as_large_as_the_frame_changes_nothing():
    vae = model(causal=True).clone()
    z = pixels(1, 4, 3, 5, 6)
    whole = decoded(vae, z)
    vae.enable_tiling(6, 2)
    assert torch.equal(decoded(vae, z), whole)
    vae.enable_tiling(4, 2)
    tiled = decoded(vae, z)
    assert tiled.shape == whole.shape and not torch.allclose(tiled, whole)
    parts, memory = [], None
    for frame in z.split(1, 2):
        part, memory = vae.decode_stream(frame, memory)
        parts.append(part)
    assert torch.equal(torch.cat(parts, 2), tiled)
    vae.disable_tiling()
    assert torch.equal(decoded(vae, z), whole)


def test_what_sees_the_whole_tile_is_what_makes_tiles_differ():
    """Without normalizations and attention, a tile is right but near the edges it was cut at."""
    vae = model(mid_block_add_attention=False, temporal_attention=False).clone()
    video = pixels(1, 3, 1, 96, 96)
    far = (..., slice(0, 4), slice(0, 4))  # farther from an edge than the encoder sees
    errors = []
    for _ in range(2):
        vae.disable_tiling()
        whole = mode(vae, video)[far]
        vae.enable_tiling(16, 4)
        errors.append((mode(vae, video)[far] - whole).abs().max())
        for module in vae.modules():
            if isinstance(module, torch.nn.GroupNorm):
                module.forward = lambda x: x / 3
    assert errors[0] > 1e-3 and errors[1] < 1e-5


@settings(max_examples=50)
@given(cells=st.integers(1, 40), size=st.integers(1, 12), scale=st.integers(1, 8), data=st.data())
def test_weights_of_tiles_add_up_to_one(cells, size, scale, data):
    overlap = data.draw(st.integers(0, size - 1))
    total = torch.zeros(cells * scale)
    for start, weight in _ramps(cells, size, overlap, scale, total):
        assert 0 <= start <= max(cells - size, 0) and weight.min() >= 0
        total[start * scale : start * scale + len(weight)] += weight
    torch.testing.assert_close(total, torch.ones(cells * scale))


@pytest.mark.parametrize(
    ("size", "overlap", "told"), [(0, 0, "is 0: expected 1"), (4, 4, "0 to 3")]
)
def test_tiles_that_cannot_be_are_told(size, overlap, told):
    with pytest.raises(ValueError, match=told):
        model().enable_tiling(size, overlap)


# Grown from an image model.


def image_model(**options: Any) -> AutoencoderKL:
    """A small image autoencoder with random weights."""
    torch.manual_seed(0)
    given = {"block_out_channels": (4, 8), "norm_num_groups": 2, "layers_per_block": 1} | options
    levels = len(given["block_out_channels"])
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        **given,
    )


@pytest.mark.parametrize("time", [{}, {"causal": True}, {"num_temporal_layers": 2}])
@pytest.mark.parametrize(
    "image",
    [
        {},
        {"layers_per_block": 2, "norm_num_groups": 1},
        {"block_out_channels": (6, 4, 10), "mid_block_add_attention": False},
        {"use_quant_conv": False, "use_post_quant_conv": False, "scaling_factor": 0.3},
        {"latent_channels": 3, "in_channels": 1, "out_channels": 1, "shift_factor": 0.1},
    ],
)
def test_grown_from_an_image_model_it_is_that_model_on_each_frame(image, time):
    with torch.no_grad():
        taught = image_model(**image).eval()
        vae = TemporalVAE.from_image_vae(taught, **time)
        video = pixels(1, taught.config.in_channels, 3, 16, 24)
        z = pixels(1, taught.config.latent_channels, 3, 4, 6)
        moments, answer = vae.encode(video).latent_dist.parameters, decoded(vae, z)
        encoded = [taught.encode(video[:, :, n]).latent_dist.parameters for n in range(3)]
        frames = [taught.decode(z[:, :, n]).sample for n in range(3)]
        # Of several frames at once a convolution may round otherwise than of one.
        equal = {"atol": 0, "rtol": 0} if vae.is_causal else {"atol": 1e-5, "rtol": 1e-5}
        torch.testing.assert_close(moments, torch.stack(encoded, 2), **equal)
        torch.testing.assert_close(answer, torch.stack(frames, 2), **equal)
        assert torch.equal(vae.encode(video[:, :, :1]).latent_dist.parameters[:, :, 0], encoded[0])
        assert torch.equal(decoded(vae, z[:, :, :1])[:, :, 0], frames[0])
    assert vae.scaling_factor == taught.config.scaling_factor
    assert vae.config.shift_factor == taught.config.shift_factor and not vae.training


def test_the_image_model_of_the_course_grows_also_with_time_compressed():
    taught = image_vae.load()
    vae = TemporalVAE.from_image_vae(taught, **COMPRESSING)
    video = pixels(1, 3, 5, 32, 32)
    with torch.no_grad():
        mean = mode(vae, video)
        for latent_frame, frame in ((0, 0), (1, 4)):
            expected = taught.encode(video[:, :, frame]).latent_dist.mode()
            assert torch.equal(mean[:, :, latent_frame], expected)
        for frame, latent_frame in enumerate((0, 1, 1, 1, 1)):
            expected = taught.decode(mean[:, :, latent_frame]).sample
            assert torch.equal(decoded(vae, mean)[:, :, frame], expected)


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: image_model(act_fn="relu"), "act_fn of the image VAE is relu: expected silu"),
        (lambda: image_model(out_channels=1), "out_channels of the image VAE is 1: expected 3"),
        (lambda: image_model(latents_mean=[0.0] * 4), "latents_mean of the image VAE"),
        (lambda: small_vae.build("vector"), "got a VectorVAE: expected a plain AutoencoderKL"),
        (lambda: patch_vae.patch_vae(pixels(2, 3, 32, 32)), "has not the layers"),
    ],
)
def test_an_image_model_with_other_layers_is_refused(build, told):
    with pytest.raises(ValueError, match=told):
        TemporalVAE.from_image_vae(build())


# Training.


@pytest.mark.parametrize("kind", [{"causal": False}, COMPRESSING])
def test_every_parameter_learns_and_the_loss_falls(kind):
    vae = TemporalVAE(**TINY | kind).train()
    video = pixels(1, 3, 5, 8, 8) * 0.1 + pixels(1, 3, 1, 8, 8)
    optimizer = torch.optim.Adam(vae.parameters(), 0.01)
    before, losses = vae.get_parameters(), []
    for step in range(8):
        loss = vae.training_loss(video, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        losses.append(loss.total.item())
    assert losses[-1] < 0.9 * losses[0]
    parts = zip(
        vae.named_parameters(),
        (vae.get_parameters() - before).split([p.numel() for p in vae.parameters()]),
        strict=True,
    )
    # A summand of every key changes no softmax.
    still = [name for (name, _), moved in parts if not moved.any()]
    assert still == []


def test_the_loss_is_what_it_says():
    vae, video = model(), pixels(2, 3, 3, 8, 8)
    random = torch.Generator().manual_seed(0)
    found = vae.training_loss(
        video, "l2", kl_weight=0.5, temporal_weight=2.0, latent_noise=0.1, generator=random
    )
    random = torch.Generator().manual_seed(0)
    posterior = vae.encode(video).latent_dist
    z = posterior.sample(random)
    z = z + 0.1 / vae.scaling_factor * torch.randn(z.shape, generator=random)
    answer = decoded(vae, z)
    torch.testing.assert_close(found.reconstruction, ((answer - video) ** 2).mean())
    normal = torch.distributions.Normal(posterior.mean, posterior.std)
    standard = torch.distributions.Normal(torch.zeros(()), torch.ones(()))
    torch.testing.assert_close(found.kl, torch.distributions.kl_divergence(normal, standard).mean())
    flicker = ((answer[:, :, 1:] - answer[:, :, :-1]) - (video[:, :, 1:] - video[:, :, :-1])).abs()
    torch.testing.assert_close(found.temporal, flicker.mean())
    torch.testing.assert_close(
        found.total, found.reconstruction + 0.5 * found.kl + 2 * found.temporal
    )
    image = vae.training_loss(video[:, :, :1], lambda answer, video: answer.new_tensor(7.0))
    assert image.reconstruction == 7 and image.temporal == 0
    with pytest.raises(ValueError, match=r"'l3': expected a function or one of \('l1'"):
        vae.training_loss(video, "l3")


@pytest.mark.parametrize("kind", [{"causal": False}, {"causal": True}, COMPRESSING])
def test_training_and_evaluation_agree_and_checkpointing_has_equal_gradients(kind):
    """In training all frames go through each layer, in evaluation one after the other if causal."""
    vae, video = model(**kind).clone().train().requires_grad_(), pixels(2, 3, 5, 8, 8)
    gradients = []
    for _ in range(2):
        vae.zero_grad()
        loss = vae.training_loss(video, generator=torch.Generator().manual_seed(0)).total
        loss.backward()
        gradients.append([p.grad.clone() for p in vae.parameters()])
        vae.enable_gradient_checkpointing()
    assert vae.is_gradient_checkpointing
    for plain, again in zip(*gradients, strict=True):
        assert torch.equal(plain, again)
    torch.testing.assert_close(vae(video).sample, vae.eval()(video).sample, atol=1e-5, rtol=1e-5)


# The model as an object.


def test_a_seed_repeats_the_weights_and_leaves_the_random_state():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    one, same, other = (TemporalVAE(**TINY | {"seed": seed}).get_parameters() for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one, same) and not torch.equal(one, other)
    free = [TemporalVAE(**TINY | {"seed": None}).get_parameters() for _ in range(2)]
    assert not torch.equal(*free)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    vae, video = model(**COMPRESSING, temporal_window=5), pixels(1, 3, 5, 8, 8)
    vae.save_pretrained(tmp_path)
    assert (tmp_path / "diffusion_pytorch_model.safetensors").is_file()
    loaded = TemporalVAE.from_pretrained(tmp_path)
    for name in ("causal", "temporal_compression", "temporal_window", "base_channels", "seed"):
        assert loaded.config[name] == vae.config[name]
    assert not loaded.training
    assert torch.equal(loaded(video).sample, vae(video).sample)


def test_a_clone_is_independent():
    vae = model().clone().requires_grad_()
    vae.training_loss(pixels(1, 3, 1, 8, 8)).total.backward()
    twin = vae.clone()
    assert all(parameter.grad is None for parameter in twin.parameters())
    twin.enable_slicing()
    twin.set_parameters(torch.zeros(vae.parameter_count))
    assert torch.equal(vae.get_parameters(), model().get_parameters()) and not vae.use_slicing
    assert vae.decoder.conv_out.weight.grad is not None


def test_parameters_are_one_vector():
    vae = model().clone()
    vector = vae.get_parameters()
    assert vector.shape == (vae.parameter_count,) and not vector.requires_grad
    vector += 1
    assert not torch.equal(vector, vae.get_parameters())
    vae.set_parameters(vector)
    assert torch.equal(vae.get_parameters(), vector)
    vector.zero_()
    assert vae.get_parameters().any()
    for wrong, error, told in (
        (vector[1:], ValueError, f"{len(vector) - 1} numbers: expected one axis of {len(vector)}"),
        (vector[None], ValueError, "expected one axis"),
        (vector.long(), TypeError, "expected floats"),
        (torch.full_like(vector, float("nan")), ValueError, "are NaN"),
    ):
        before = vae.get_parameters()
        with pytest.raises(error, match=told):
            vae.set_parameters(wrong)
        assert torch.equal(vae.get_parameters(), before)


@pytest.mark.slow
def test_it_compiles_without_a_graph_break(root):
    """In a process of its own: dynamo cannot follow the type checks of the test run."""
    code = """
import torch
from latentlab.temporal_vae import TemporalVAE

torch.set_num_threads(1)
video = torch.rand(1, 3, 2, 4, 4) * 2 - 1
vae = TemporalVAE(base_channels=2, channel_multipliers=(1, 2), layers_per_block=1, causal=True)
compiled = torch.compile(vae, fullgraph=True, backend="eager")
loss = (compiled(video).sample - vae(video).sample).abs().max()
assert loss < 1e-5, loss
loss.backward()
"""
    environment = os.environ | {"PYTHONPATH": str(root / "code")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert not done.returncode, done.stderr.decode()


# What is refused.


@pytest.mark.parametrize(
    ("video", "error", "told"),
    [
        (pixels(1, 3, 8, 8), ValueError, r"T is missing; add it with video\.unsqueeze\(2\)"),
        (pixels(3, 5, 8, 8), ValueError, r"B is missing; add it with video\.unsqueeze\(0\)"),
        (pixels(3, 8, 8), ValueError, "expected five axes, B C T H W"),
        (pixels(1, 5, 3, 8, 8), ValueError, r"5 channels: expected 3; .*video\.transpose\(1, 2\)"),
        (pixels(1, 4, 5, 8, 8), ValueError, "4 channels: expected 3$"),
        (pixels(1, 3, 5, 8, 10), ValueError, "W is 10: .*multiple of 4; the nearest are 8 and 12"),
        (pixels(1, 3, 5, 3, 8), ValueError, "H is 3: .*multiple of 4; the nearest is 4"),
        (pixels(1, 3, 6, 8, 8), ValueError, r"T is 6: .*4k\+1 frames; the nearest are 5 and 9"),
        (pixels(1, 3, 0, 8, 8), ValueError, "T of the video is 0"),
        (pixels(1, 3, 5, 8, 8) * 127.5, ValueError, r"reaches 127.*expected values in \[-1, 1\]"),
        (pixels(1, 3, 5, 8, 8) * torch.inf, ValueError, "960 values are NaN or infinite"),
        (pixels(1, 3, 5, 8, 8).byte(), TypeError, r"torch\.uint8: expected floats"),
        (pixels(1, 3, 5, 8, 8).double(), TypeError, r"torch\.float64: expected torch\.float32"),
    ],
)
def test_a_video_that_cannot_be_encoded_is_told(video, error, told):
    with pytest.raises(error, match=told):
        model(**COMPRESSING).encode(video)


@pytest.mark.parametrize(
    ("z", "error", "told"),
    [
        (pixels(1, 4, 2, 2), ValueError, r"T is missing; add it with latent\.unsqueeze\(2\)"),
        (pixels(1, 3, 1, 2, 2), ValueError, "the latent has 3 channels: expected 4"),
        (pixels(1, 4, 1, 2, 2).long(), TypeError, "expected floats"),
        (pixels(1, 4, 1, 2, 2) * torch.nan, ValueError, "16 values are NaN"),
    ],
)
def test_a_latent_that_cannot_be_decoded_is_told(z, error, told):
    for decode in (model().decode, model().decode_video_from_diffusion):
        with pytest.raises(error, match=told):
            decode(z)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"temporal_kernel_size": 2}, "temporal_kernel_size is 2: expected an odd number"),
        ({"num_temporal_layers": -1}, "num_temporal_layers is -1: expected 0 or more"),
        ({"temporal_window": 0}, "temporal_window is 0: expected 1 or more"),
        ({"temporal_compression": 2, "causal": True}, "is 2: expected 1 or 4"),
        ({"temporal_compression": 4}, "expected causal=True"),
        (COMPRESSING | {"channel_multipliers": (1, 2)}, "expected 3 to compress"),
        ({"channel_multipliers": (1, 1.3)}, "expected whole numbers, 1 or more"),
        ({"channel_multipliers": ()}, "expected whole numbers, 1 or more"),
        ({"norm_num_groups": 3}, r"norm_num_groups is 3: expected a divisor of all of \(4, 8, 8\)"),
        ({"scaling_factor": 0}, "scaling_factor is 0: expected a number above 0"),
    ],
)
def test_a_configuration_that_cannot_be_is_told(options, told):
    with pytest.raises(ValueError, match=told):
        TemporalVAE(**TINY | options)
