"""Lab 11: its starter against diffusers, and its chapter against the code."""

import inspect
import re
import runpy

import notebooks
import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from latentlab import frechet, latent_flow, train_latent_flow
from latentlab.latent_diffusion import LatentDiffusion

LAB = "lab-11-end-to-end"
STARTER = runpy.run_path(str(notebooks.starter(LAB)))
EXERCISES = notebooks.exercises(LAB).by_name


def test_training_pair_is_that_of_the_course():
    z, noise = np.random.default_rng(0).standard_normal((2, 3, 4, 2, 2))
    sigma = np.array([0.0, 0.3, 1.0])
    for mine, theirs in zip(
        STARTER["training_pair"](z, sigma, noise),
        LatentDiffusion.flow(z, sigma.tolist(), noise),
        strict=True,
    ):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)


@pytest.mark.parametrize("guidance", [0.0, 1.0, 3.0])
def test_starter_walks_as_the_scheduler_of_diffusers_does(guidance):
    """The same denoiser, in the starter's loop and in that of latent_flow."""
    denoise = STARTER["denoise"]

    def network(z, timestep, classes):
        told = torch.where(classes == latent_flow.NOTHING, STARTER["NOTHING"], classes)
        answer = denoise(z.numpy(), timestep[0].item() / 1000, told.numpy())
        return type("Output", (), {"sample": torch.from_numpy(answer)})

    noise, asked = STARTER["noise"], STARTER["asked"]
    mine = STARTER["sample"](denoise, noise, asked, 8, guidance)
    theirs = latent_flow.sample(
        network, torch.from_numpy(noise), torch.from_numpy(asked), 8, guidance
    )
    np.testing.assert_allclose(mine, theirs.numpy(), atol=1e-3)


def test_the_best_denoiser_has_the_lowest_loss_there_is():
    """Nudge its answer in any way: the loss on its own latents grows."""
    random = np.random.default_rng(1)
    latents, denoise = STARTER["latents"], STARTER["denoise"]
    chosen, nothing = random.integers(0, 40, 4000), np.full(4000, STARTER["NOTHING"])
    z, noise = latents[chosen], random.standard_normal((4000, 4, 4, 4))
    for sigma in (0.8, 0.9, 1.0):
        z_sigma, target = STARTER["training_pair"](z, np.full(4000, sigma), noise)
        answer = denoise(z_sigma, sigma, nothing)
        best = ((answer - target) ** 2).mean()
        for other in (0.95 * answer, 1.05 * answer, answer + 0.1, answer - 0.1):
            assert ((other - target) ** 2).mean() > best


@pytest.mark.parametrize("shift", [0.5, 1.0, 3.0])
def test_the_exercise_walks_the_shifted_sigmas_of_diffusers(shift):
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / 6, 6).tolist())
    met = []

    def denoise(z, sigma):
        met.append(sigma)
        return np.ones_like(z)

    z = EXERCISES["walk"].solution(denoise, np.zeros((1, 1, 1, 1)), 6, shift)
    np.testing.assert_allclose([*met, 0], scheduler.sigmas.numpy(), atol=1e-6)
    assert z.item() == pytest.approx(-1)


def test_the_exercise_puts_tokens_where_the_transformer_does():
    """A DiT whose blocks do nothing to a marked token: each patch of the answer is one token."""
    model = latent_flow.denoiser(2, 6, patch=2, width=32, layers=1).eval()
    seen = {}
    model.proj_out_2.register_forward_hook(lambda _, __, tokens: seen.update(tokens=tokens))
    with torch.no_grad():
        torch.nn.init.normal_(model.proj_out_2.weight)
        answer = model(torch.randn(3, 2, 6, 6), torch.ones(3), torch.arange(3)).sample
    mine = EXERCISES["unpatchify"].solution(seen["tokens"].numpy(), 2)
    np.testing.assert_array_equal(mine, answer.numpy())


def test_the_exercise_measures_as_the_course_does():
    random = torch.Generator().manual_seed(0)
    one, other = torch.randn(2, 50, 6, generator=random)
    other = 1.5 * other @ torch.randn(6, 6, generator=random) + 0.3
    expected = frechet.distance(frechet.normal(one), frechet.normal(other))
    found = EXERCISES["frechet"].solution(one.double().numpy(), other.double().numpy())
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_exercise_guides_as_the_course_does():
    both = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    found = latent_flow.direction(
        lambda *_: type("Output", (), {"sample": both}),
        both[:2],
        torch.ones(2),
        torch.tensor([1, 2]),
        2.5,
    )
    np.testing.assert_allclose(
        EXERCISES["guide"].solution(both.numpy(), 2.5), found.numpy(), atol=1e-6
    )


def test_the_chapter_quotes_lines_that_exist():
    chapter = (notebooks.ROOT / "handbook/11-end-to-end.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^: `(.+)`$", chapter, re.MULTILINE)
    lines = {
        line.strip()
        for module in (latent_flow, train_latent_flow, frechet)
        for line in inspect.getsource(module).splitlines()
    }
    starter = notebooks.starter(LAB).read_text(encoding="utf-8")
    lines |= {line.strip() for line in starter.splitlines()}
    assert len(quoted) >= 14
    assert not set(quoted) - lines


def test_the_record_bears_out_what_lab_and_chapter_say_of_it():
    """Their prose names no figures; these are the relations that it does state."""
    report = latent_flow.report()
    steps, guided = (
        {
            space: {float(k): one for k, one in report[space][by].items()}
            for space in ("latent", "pixels")
        }
        for by in ("by_steps", "by_guidance")
    )
    for space in latent_flow.SPACES:
        distance = {n: one["frechet"] for n, one in steps[space].items()}
        assert distance[1] > 2 * distance[32] and distance[16] < 1.15 * distance[32]
        scales = {g: one["frechet"] for g, one in guided[space].items()}
        assert 1 < min(scales, key=scales.get) < 3 and scales[5] > 1.1 * min(scales.values())
        assert guided[space][3]["agreement"] > guided[space][1]["agreement"] + 0.05
    best = {s: min(guided[s], key=lambda g: guided[s][g]["frechet"]) for s in guided}
    assert best["pixels"] < best["latent"]
    assert steps["latent"][1]["agreement"] > 0.9
    line = report["rebuilt"]["frechet"]
    assert guided["latent"][1]["frechet"] > line > steps["latent"][16]["frechet"]
    assert steps["pixels"][16]["frechet"] < steps["latent"][32]["frechet"] < line
    few = [steps["latent"][2]["frechet"], steps["pixels"][1]["frechet"]]  # the cheaper one first
    assert 2 * few[0] < few[1]


@pytest.mark.parametrize(("space", "tokens", "numbers"), [("latent", 16, 4), ("pixels", 64, 16)])
def test_a_call_takes_what_the_layers_say(space, tokens, numbers):
    """Six blocks of width 128: matrices, attention, and what sigma and class take."""
    width, layers = 128, 6
    blocks = layers * (12 * tokens * width**2 + 2 * tokens**2 * width)
    told = (layers + 1) * (256 * width + width**2) + layers * 6 * width**2 + 2 * width**2
    ends = 2 * tokens * numbers * width
    assert latent_flow.report()[space]["multiply_adds"]["denoiser"] == blocks + told + ends


def test_scores_of_the_starter():
    """On its own way the largest score could be left; near none of the latents it could not."""
    scored = -0.5 * ((STARTER["noise"].reshape(6, 1, -1)) ** 2).sum(2).max()
    assert scored > -700
    far = STARTER["exact"](np.ones((2, 4, 4, 4)), np.array([0, 1]))
    with np.errstate(all="raise"):
        answer = far(np.zeros((1, 4, 4, 4)), 0.04, np.array([0]))
    assert np.isfinite(answer).all() and np.exp(-0.5 * 64 * (0.96 / 0.04) ** 2) == 0
