"""The class-conditional flow: its direction, its way, and a training that goes on where it was."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import DiTTransformer2DModel
from hypothesis import given, settings
from hypothesis import strategies as st
from latentlab import clothes, clothes_classifier, small_vae, train_latent_flow
from latentlab.checkpoint import TrainingError
from latentlab.latent_flow import (
    FOLDER,
    NOTHING,
    SPACES,
    denoiser,
    direction,
    load,
    report,
    sample,
    way,
)
from latentlab.report_latent_flow import calls, multiply_adds
from latentlab.train_latent_flow import Recipe, Training, examples, train

TINY = Recipe(steps=12, batch=8, width=32, layers=1)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder like that of latentlab.training_clothes, with the shipped pictures in it."""
    folder = tmp_path_factory.mktemp("clothes")
    pictures = ((clothes.load(60)[:, 0, 2:-2, 2:-2] + 1) * 127.5).round().byte().numpy()
    for part in ("training", "validation", "held_out"):
        np.save(folder / f"{part}.npy", pictures)
    np.save(folder / "training_classes.npy", np.arange(60, dtype=np.uint8) % 10)
    return folder


def knows(target: torch.Tensor):
    """A denoiser that knows where each class lies, and that nothing lies at zero."""

    def answer(z, timestep, classes):
        ends = torch.cat([target, torch.zeros(1, *target.shape[1:])])[
            classes.clamp(max=len(target))
        ]
        return SimpleNamespace(sample=(z - ends) / (timestep / 1000)[:, None, None, None])

    return answer


@settings(max_examples=25)
@given(steps=st.integers(1, 40), seed=st.integers(0, 999), side=st.integers(1, 5))
def test_a_denoiser_that_knows_arrives_in_any_number_of_steps(steps, seed, side):
    random = torch.Generator().manual_seed(seed)
    target = torch.randn(10, 2, side, side, generator=random)
    noise = torch.randn(10, 2, side, side, generator=random)
    points = list(way(knows(target), noise, torch.arange(10), steps, guidance=1.0))
    sigmas = [sigma for sigma, _ in points]
    assert sigmas == sorted(sigmas, reverse=True) and (sigmas[0], sigmas[-1]) == (1, 0)
    assert len(points) == steps + 1
    torch.testing.assert_close(points[-1][1], target, atol=1e-4, rtol=1e-4)
    for sigma, z in points:
        line = (1 - sigma) * target + sigma * noise
        torch.testing.assert_close(z, line, atol=1e-4, rtol=1e-4)


def test_guidance_goes_beyond_the_class():
    torch.manual_seed(0)
    model = denoiser(4, 4, width=32, layers=1).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    z, sigma, classes = (
        torch.randn(3, 4, 4, 4),
        torch.tensor([0.1, 0.5, 1]),
        torch.tensor([1, 2, 3]),
    )
    with torch.no_grad():
        plain = direction(model, z, sigma, classes)
        without = direction(model, z, sigma, torch.full_like(classes, NOTHING))
        assert plain.shape == z.shape and not torch.allclose(plain, without)
        for guidance in (0.0, 1.5, 4.0):
            expected = without + guidance * (plain - without)
            found = direction(model, z, sigma, classes, guidance)
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_sample_is_the_end_of_the_way_and_repeats():
    torch.manual_seed(0)
    model = denoiser(1, 8, patch=4, width=32, layers=1).eval()
    noise, classes = torch.randn(2, 1, 8, 8), torch.tensor([0, 9])
    *_, (sigma, last) = way(model, noise, classes, 3, 2.0)
    assert sigma == 0 and torch.equal(last, sample(model, noise, classes, 3, 2.0))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: denoiser(4, 5, patch=2), "expected a side that is a multiple"),
        (lambda: denoiser(4, 4, width=48), "a width that is one of 32"),
        (lambda: sample(print, torch.zeros(1, 4, 4, 4), torch.tensor([0]), 0), "0 steps"),
        (
            lambda: sample(print, torch.zeros(1, 4, 4, 4), torch.tensor([11])),
            r"classes must be in 0..10, got 11",
        ),
        (lambda: denoiser(4, 4, layers=0), "layers 0: expected 1 or more"),
        (lambda: denoiser(4, 4, patch=0), "patch 0, .* expected 1 or more"),
        (
            lambda: way(print, torch.full((1, 4, 4, 4), torch.nan), torch.tensor([1])),
            "NaN or infinite",
        ),
        (lambda: way(print, torch.zeros(4, 4, 4), torch.tensor([1])), "expected floats, B C H W"),
        (
            lambda: way(print, torch.zeros(1, 4, 4, 4).long(), torch.tensor([1])),
            "int64 .* expected floats",
        ),
        (
            lambda: way(denoiser(4, 4), torch.zeros(1, 4, 8, 8), torch.tensor([1])),
            r"\(4, 8, 8\): expected \(4, 4, 4\)",
        ),
        (
            lambda: way(print, torch.zeros(2, 4, 4, 4), torch.tensor([1])),
            "expected 2 whole numbers, one for each latent",
        ),
        (
            lambda: way(print, torch.zeros(1, 4, 4, 4), torch.tensor([1.0])),
            "float32 .* expected 1 whole numbers",
        ),
        (
            lambda: way(print, torch.zeros(1, 4, 4, 4), torch.tensor([1]), guidance=float("nan")),
            "guidance is nan",
        ),
    ],
)
def test_bad_requests_are_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def test_examples_are_scaled_latents_or_pixels(data: Path):
    latents, pixels = examples(data, "latent"), examples(data, "pixels")
    assert latents.mean.shape == (60, 4, 4, 4) and pixels.mean.shape == (60, 1, 32, 32)
    torch.testing.assert_close(latents.mean.std(dim=(0, 2, 3)), torch.ones(4))
    torch.testing.assert_close(latents.mean.mean(dim=(0, 2, 3)), torch.zeros(4), atol=1e-5, rtol=0)
    assert not pixels.std.any() and latents.std.min() > 0
    assert latents.classes.tolist() == [n % 10 for n in range(60)]


def test_the_loss_falls(data: Path):
    training = Training(Recipe(steps=60, batch=32, width=64, layers=2), examples(data, "latent"))
    losses = [training.advance() for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.85 * np.mean(losses[:5])


def test_a_run_that_was_cut_off_ends_where_an_uninterrupted_one_does(data, tmp_path, monkeypatch):
    whole = train(data, tmp_path / "whole", TINY)
    advance = Training.advance

    def until_five(self):
        if self.step == 5:
            raise KeyboardInterrupt
        return advance(self)

    monkeypatch.setattr(Training, "advance", until_five)
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "parts", TINY)
    monkeypatch.setattr(Training, "advance", advance)
    parts = train(data, tmp_path / "parts", TINY)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, parts.model.state_dict()[name]), name
    model = DiTTransformer2DModel.from_pretrained(tmp_path / "parts" / "model").float().eval()
    facts = json.loads((tmp_path / "parts" / "model" / "training.json").read_text())
    assert len(facts["latents_mean"]) == len(facts["latents_std"]) == 4
    z = sample(model, torch.zeros(1, 4, 4, 4), torch.tensor([3]), steps=2)
    assert z.shape == (1, 4, 4, 4) and z.isfinite().all()
    with pytest.raises(TrainingError, match="another recipe: batch = 8, not 9"):
        train(data, tmp_path / "parts", Recipe(**vars(TINY) | {"batch": 9}))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"forget": 2.0}, "expected a share, 0 to 1"),
        ({"layers": 0}, "expected 1 or more of each"),
        ({"space": "fourier"}, "expected latent or pixels"),
        ({"steps": 0}, "at least 1, got 0 and 8"),
        ({"space": "pixels", "patch": 5}, "a side that is a multiple of the patch"),
    ],
)
def test_a_recipe_that_cannot_be_is_told(data, tmp_path, changes, told):
    with pytest.raises(TrainingError, match=told):
        train(data, tmp_path, Recipe(**vars(TINY) | changes))


def test_missing_data_is_told_in_a_sentence(data, tmp_path):
    with pytest.raises(SystemExit, match="fetch it with python -m"):
        train_latent_flow.main([str(tmp_path), str(tmp_path / "run")])
    for part in ("training", "validation", "held_out"):
        np.save(tmp_path / f"{part}.npy", np.load(data / f"{part}.npy"))
    with pytest.raises(SystemExit, match=r"training_classes\.npy cannot be read as classes"):
        train_latent_flow.main([str(tmp_path), str(tmp_path / "run")])
    np.save(tmp_path / "training_classes.npy", np.zeros(7, np.uint8))
    with pytest.raises(SystemExit, match="has 7 classes for 60 pictures"):
        train_latent_flow.main([str(tmp_path), str(tmp_path / "run")])


def test_the_shipped_flows_load_and_are_what_their_cards_say():
    for space, shape in (("latent", (2, 4, 4, 4)), ("pixels", (2, 1, 32, 32))):
        flow = load(space)
        assert flow.noise(2, seed=0).shape == shape
        assert torch.equal(flow.noise(2, seed=0), flow.noise(2, seed=0))
        names = {path.name for path in (FOLDER / space).iterdir()}
        weights = "diffusion_pytorch_model.safetensors"
        assert names == {"SHA256", "config.json", "training.json", weights}
        assert (FOLDER / space / weights).stat().st_size <= 6_000_000


def test_both_trainings_cost_nearly_the_same():
    facts = {s: json.loads((FOLDER / s / "training.json").read_text())["recipe"] for s in SPACES}
    assert facts["latent"] == vars(Recipe())
    cost = {
        space: facts[space]["steps"] * report()[space]["multiply_adds"]["denoiser"]
        for space in SPACES
    }
    assert cost["pixels"] / cost["latent"] == pytest.approx(1.061, abs=1e-3)  # as the card says
    changed = {name for name in facts["latent"] if facts["latent"][name] != facts["pixels"][name]}
    assert changed == {"space", "steps", "patch"}


@pytest.mark.parametrize("space", SPACES)
def test_multiply_adds_are_those_of_the_report(space):
    found = {n: multiply_adds(call) for n, call in calls(load(space), 1).items()}
    assert found == report()[space]["multiply_adds"]


def test_the_goals_are_met():
    latents, rebuilt = report()["latent"]["by_steps"], report()["rebuilt"]
    assert latents["16"]["agreement"] >= 0.9
    assert latents["16"]["frechet"] <= 2 * rebuilt["frechet"]


def test_around_leaves_pixels_alone_and_scales_latents():
    pictures = clothes.load(50)
    diffusion = load("pixels").diffusion
    assert torch.equal(diffusion.encode(pictures), pictures)
    flow = load("latent")
    z = flow.diffusion.encode(pictures, sample=False)
    assert z.shape == (50, 4, 4, 4) and z.std() == pytest.approx(1, abs=0.15)
    vae = small_vae.load("grid")
    expected = vae.decode(vae.encode(pictures).latent_dist.mode()).sample.clamp(-1, 1)
    torch.testing.assert_close(flow.pictures(z), expected, atol=1e-4, rtol=1e-4)


def test_samples_are_what_the_report_says_of_them():
    judge, flow = clothes_classifier.load(), load("latent")
    classes = torch.arange(300) % 10
    shown = flow.pictures(sample(flow.denoiser, flow.noise(300, 5), classes, 8))
    found = clothes_classifier.verdict(judge, shown, classes)
    assert found.agreement == pytest.approx(
        report()["latent"]["by_steps"]["8"]["agreement"], abs=0.05
    )
    shuffled = shown[torch.randperm(300, generator=torch.Generator().manual_seed(0))]
    assert clothes_classifier.verdict(judge, shuffled, classes).agreement < 0.3


def test_another_space_and_damaged_weights_are_refused(tmp_path):
    with pytest.raises(ValueError, match="there is no flow in 'fourier'"):
        load("fourier")
    with pytest.raises(ValueError, match=r"has no config\.json"):
        load("latent", tmp_path)
