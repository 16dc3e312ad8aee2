"""Latent diffusion: against diffusers, in two libraries and three ranks, and with bad input."""

import math

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    FlowMatchEulerDiscreteScheduler,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from latentlab import image_vae, photographs
from latentlab.latent_diffusion import LatentDiffusion, Posterior, noise_like
from latentlab.noise_schedule import alphas_cumprod, signal_to_noise

RANKS = {"image": (2, 4, 6, 5), "video": (2, 4, 3, 6, 5), "voxels": (1, 4, 4, 4, 4)}
KINDS = {
    "linear": {"beta_start": 0.0001, "beta_end": 0.02},
    "scaled_linear": {"beta_start": 0.00085, "beta_end": 0.012},
    "squaredcos_cap_v2": {},
}


def identity(**options) -> LatentDiffusion:
    """An autoencoder whose latent is the pixels."""
    return LatentDiffusion(lambda x: (x, 0 * x), lambda z: z, **options)


def latent(kind: str = "image", library: str = "torch", seed: int = 0):
    values = np.random.default_rng(seed).normal(size=RANKS[kind]).astype(np.float32)
    return torch.from_numpy(values) if library == "torch" else values


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [1000, 7, 250])
def test_schedules_are_those_of_diffusers(kind: str, steps: int):
    theirs = DDPMScheduler(steps, beta_schedule=kind, **KINDS[kind]).alphas_cumprod
    ours = alphas_cumprod(steps, kind, **KINDS[kind])
    np.testing.assert_array_equal(ours, theirs.numpy())


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_added_as_diffusers_adds_it(rank: str, kind: str):
    z, noise = latent(rank), latent(rank, seed=1)
    t = torch.arange(z.shape[0]) * 411 + 88
    ours = identity(alphas_cumprod=alphas_cumprod(1000, kind, **KINDS[kind]))
    for theirs in (DDPMScheduler, DDIMScheduler):
        scheduler = theirs(1000, beta_schedule=kind, **KINDS[kind])
        found, used = ours.add_noise(z, t.tolist(), noise)
        torch.testing.assert_close(found, scheduler.add_noise(z, noise, t), atol=1e-6, rtol=0)
        assert used is noise
        expected = scheduler.get_velocity(z, noise, t)
        torch.testing.assert_close(ours.velocity(z, noise, t.tolist()), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("theirs", [DDPMScheduler, DDIMScheduler])
def test_clean_latent_is_predicted_as_diffusers_predicts_it(prediction: str, theirs):
    scheduler = theirs(1000, prediction_type=prediction, clip_sample=False, **KINDS["linear"])
    scheduler.set_timesteps(1000)
    ours = identity(alphas_cumprod=alphas_cumprod(1000, "linear", **KINDS["linear"]))
    z_t, output = latent(), latent(seed=1)
    for t in (1, 100, 400):
        expected = scheduler.step(output, t, z_t).pred_original_sample
        found = ours.predict_x0(z_t, output, t, prediction)
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)


def test_flow_is_that_of_diffusers():
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    z, noise = latent(), latent(seed=1)
    steps = scheduler.timesteps[[10, 700]]
    found, direction = identity().flow(z, scheduler.sigmas[[10, 700]].tolist(), noise)
    torch.testing.assert_close(found, scheduler.scale_noise(z, steps, noise), atol=1e-6, rtol=0)
    scheduler.set_timesteps(1)
    back = scheduler.step(direction, scheduler.timesteps[0], noise).prev_sample
    torch.testing.assert_close(back, z, atol=1e-6, rtol=0)


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize(
    "scaling",
    [
        {},
        {"scaling_factor": 0.13025},
        {"scaling_factor": 1.5305, "shift_factor": 0.0609},
        {"latents_mean": (0.1, -0.7, 2, 0), "latents_std": (2.8, 1.4, 0.3, 5)},
    ],
)
def test_both_libraries_agree_and_the_way_back_is_exact(rank: str, scaling: dict):
    ours = identity(**scaling)
    x = {name: latent(rank, name).clip(-1, 1) for name in ("numpy", "torch")}
    z = {name: ours.encode(pixels, sample=False) for name, pixels in x.items()}
    assert isinstance(z["numpy"], np.ndarray) and isinstance(z["torch"], torch.Tensor)
    np.testing.assert_array_equal(z["numpy"], z["torch"].numpy())
    np.testing.assert_allclose(ours.decode(z["numpy"]), x["numpy"], atol=1e-6)
    noisy = [ours.add_noise(z[n], 500, latent(rank, n, seed=1))[0] for n in z]
    np.testing.assert_allclose(noisy[0], noisy[1].numpy(), atol=1e-6)
    assert noisy[0].dtype == np.float32 and noisy[1].dtype == torch.float32


@settings(max_examples=60)
@given(
    shape=hnp.array_shapes(min_dims=4, max_dims=5, max_side=5),
    t=st.integers(0, 999),
    seed=st.integers(0, 2**32 - 1),
    torch_too=st.booleans(),
)
def test_prediction_undoes_the_noise(shape, t, seed, torch_too):
    ours = identity()
    z = np.random.default_rng(seed).normal(size=shape)
    generator = np.random.default_rng(seed)
    if torch_too:
        z, generator = torch.from_numpy(z), torch.Generator().manual_seed(seed)
    z_t, noise = ours.add_noise(z, t, generator=generator)
    assert tuple(z_t.shape) == tuple(noise.shape) == shape
    for kind, output in {"epsilon": noise, "v_prediction": ours.velocity(z, noise, t)}.items():
        np.testing.assert_allclose(ours.predict_x0(z_t, output, t, kind), z, atol=1e-5)


def test_generator_repeats_a_draw_and_each_picture_has_its_own_noise():
    ours = LatentDiffusion(lambda x: (0 * x, 0 * x), lambda z: z, 1.0)
    x = torch.zeros(64, 4, 8, 8)
    first, again = (ours.encode(x, generator=torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first[0], first[1])
    assert first.std().item() == pytest.approx(1, abs=0.02)
    doubled = LatentDiffusion(lambda x: (0 * x, 0 * x + math.log(4)), lambda z: z, 1.0)
    draw = doubled.encode(x, generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(draw, 2 * first)
    assert noise_like(np.zeros((2, 3), np.float32)).dtype == np.float32


def test_real_autoencoder_keeps_its_scaling():
    vae = image_vae.load()
    ours = LatentDiffusion.from_autoencoder(vae)
    assert ours.scaling_factor == vae.config.scaling_factor
    x = torch.from_numpy(photographs.load("cat", 64)).permute(2, 0, 1)[None].contiguous()
    mean = vae.encode(x).latent_dist.mode()
    z = ours.encode(x, sample=False)
    torch.testing.assert_close(z, mean * vae.config.scaling_factor)
    torch.testing.assert_close(ours.decode(z), vae.decode(mean).sample, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        ours.encode_distribution(x).std, vae.encode(x).latent_dist.std, atol=1e-6, rtol=1e-5
    )


def test_scaling_is_measured_in_batches_as_at_once():
    ours = identity()
    x = np.random.default_rng(0).normal((0.3, -0.2), (0.1, 0.4), (6, 5, 7, 2)).clip(-2, 2)
    pixels = np.moveaxis(x, -1, 1)
    whole = ours.measure([pixels])
    parts = ours.measure(torch.from_numpy(part) for part in (pixels[:1], pixels[1:4], pixels[4:]))
    assert whole.scaling_factor == pytest.approx(1 / pixels.std())
    assert whole.latents_mean == pytest.approx(pixels.mean((0, 2, 3)))
    assert whole.latents_std == pytest.approx(pixels.std((0, 2, 3)))
    assert parts.scaling_factor == pytest.approx(whole.scaling_factor)
    scaled = identity(latents_mean=whole.latents_mean, latents_std=whole.latents_std).scale(pixels)
    np.testing.assert_allclose(scaled.std((0, 2, 3)), 1)


def test_a_channel_that_stands_still_has_no_deviation():
    still = np.full((2, 1, 4, 4), 0.1)
    moving = np.random.default_rng(0).uniform(-1, 1, still.shape)
    stds = identity().measure([np.concatenate([still, moving], 1)]).latents_std
    assert stds == pytest.approx((0, moving.std()), abs=1e-6)


def test_signal_to_noise_falls_and_grows_with_the_spread_squared():
    kept = alphas_cumprod()
    ratio = signal_to_noise(kept)
    assert (np.diff(ratio) < 0).all()
    np.testing.assert_allclose(signal_to_noise(kept, 5.0), 25 * ratio, rtol=1e-6)


NAN = torch.full((1, 4, 2, 2), float("nan"))
FINE = torch.zeros(1, 4, 2, 2)
WHOLE = np.ones((1, 4, 2, 2), np.int64)


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: identity(scaling_factor=0), ValueError, "scaling_factor is 0: expected a number"),
        (lambda: identity(scaling_factor=-1.0), ValueError, "above 0"),
        (lambda: identity(scaling_factor=float("nan")), ValueError, "above 0"),
        (
            lambda: identity(latents_mean=(0, 0, 0), latents_std=(1, 1, 1, 1)),
            ValueError,
            "latents_mean has 3 channels and latents_std has 4: expected as many",
        ),
        (lambda: identity(latents_std=(1, 0)), ValueError, "latents_std has 0"),
        (lambda: identity(latents_std=(1, math.nan)), ValueError, "latents_std has nan"),
        (lambda: identity(latents_mean=(1, math.nan)), ValueError, "latents_mean has nan"),
        (lambda: identity(shift_factor=math.nan), ValueError, "shift_factor is nan"),
        (lambda: identity(alphas_cumprod=[]), ValueError, r"shape \(0,\): expected one number"),
        (lambda: identity(alphas_cumprod=[math.nan]), ValueError, "must fall"),
        (
            lambda: identity(latents_mean=(0,), shift_factor=0.1),
            ValueError,
            "expected one of them",
        ),
        (lambda: identity(alphas_cumprod=[0.1, 0.5]), ValueError, "must fall"),
        (lambda: identity().encode(FINE[0]), ValueError, r"shape \(4, 2, 2\): expected B C H W"),
        (lambda: identity().encode(FINE.to(torch.uint8)), TypeError, "uint8: expected floats"),
        (lambda: identity().encode(np.zeros((1, 3, 8, 8), int)), TypeError, "int64"),
        (lambda: identity().encode(FINE + 255), ValueError, "pixels reach 255: expected values"),
        (lambda: identity().encode(NAN), ValueError, "pixels: 16 values are NaN"),
        (lambda: identity().decode(NAN), ValueError, "the latent: 16 values are NaN or infinite"),
        (lambda: identity().add_noise(NAN, 1), ValueError, "NaN"),
        (lambda: identity().add_noise(WHOLE, 3), TypeError, "the latent is int64: expected floats"),
        (lambda: identity().velocity(WHOLE, 0.0 * WHOLE, 3), TypeError, "expected floats"),
        (lambda: identity().predict_x0(WHOLE, 0.0 * WHOLE, 3), TypeError, "expected floats"),
        (lambda: identity().flow(WHOLE, 0.5, 0.0 * WHOLE), TypeError, "expected floats"),
        (lambda: identity().scale(FINE.to(torch.int32)), TypeError, "torch.int32"),
        (lambda: identity().decode(WHOLE), TypeError, "int64"),
        (
            lambda: identity().add_noise(FINE, np.array([[1, 500]])),
            ValueError,
            r"t has shape \(1, 2\): expected one, or one for each of the batch",
        ),
        (lambda: identity().add_noise(FINE, np.zeros(0, int)), ValueError, r"shape \(0,\)"),
        (lambda: identity().add_noise(FINE, 1000), ValueError, "t = 1000: expected .* 0 to 999"),
        (lambda: identity().add_noise(FINE, -1), ValueError, "expected whole numbers from 0"),
        (lambda: identity().add_noise(FINE, np.array(0.5)), ValueError, "expected whole numbers"),
        (lambda: identity().add_noise(FINE, [1, 2]), ValueError, "t has 2 values: expected 1 or 1"),
        (lambda: identity().add_noise(FINE, 1, FINE[:, :3]), ValueError, "noise has shape"),
        (lambda: identity().flow(FINE, 1.5, FINE), ValueError, "sigma is 1.5: expected 0 to 1"),
        (lambda: identity().flow(FINE, math.nan, FINE), ValueError, "sigma is nan"),
        (lambda: identity().flow(FINE, [], FINE), ValueError, "sigma has shape"),
        (
            lambda: identity().predict_x0(FINE, FINE, 1, "sample"),
            ValueError,
            "expected epsilon or v_prediction",
        ),
        (
            lambda: identity(alphas_cumprod=[1, 0]).predict_x0(FINE, FINE, 1),
            ValueError,
            "no signal is left",
        ),
        (
            lambda: identity(latents_mean=(0,) * 16).decode(FINE),
            ValueError,
            "the latent has 4 channels: expected 16",
        ),
        (
            lambda: LatentDiffusion(lambda x: (x, x[:, :2]), lambda z: z).encode(FINE),
            ValueError,
            "expected the same shape",
        ),
        (
            lambda: identity().encode(FINE, generator=np.random.default_rng()),
            TypeError,
            "expected a torch.Generator",
        ),
        (lambda: identity().measure([]), ValueError, "no pixels to measure"),
        (lambda: identity().measure([FINE]), ValueError, "all latents are one number"),
        (lambda: identity().measure([FINE + 0.1] * 3), ValueError, "no factor can be measured"),
        (
            lambda: LatentDiffusion(lambda x: (NAN, NAN), lambda z: z).measure([FINE]),
            ValueError,
            "the latent: 16 values are NaN",
        ),
        (lambda: alphas_cumprod(0), ValueError, "0 steps"),
        (lambda: alphas_cumprod(kind="cosine"), ValueError, "expected linear, scaled_linear"),
        (lambda: alphas_cumprod(beta_start=0.5, beta_end=0.1), ValueError, "start <= end"),
        (lambda: signal_to_noise(alphas_cumprod(), 0.0), ValueError, "spread is 0"),
        (lambda: signal_to_noise(alphas_cumprod(), math.nan), ValueError, "spread is nan"),
    ],
)
def test_bad_input_is_told(call, error, told):
    with pytest.raises(error, match=told):
        call()


def test_posterior_halves_the_log_variance():
    posterior = Posterior(np.zeros((1, 1, 1, 1)), np.full((1, 1, 1, 1), math.log(9)))
    assert posterior.std.item() == pytest.approx(3)
