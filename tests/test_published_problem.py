"""The class that lab 06 writes out, as the published problem has it: against the package's own.

The problem: LatentDiffusion(encoder_fn, decoder_fn, scale_factor=0.18215) with encode(x),
decode(z) and forward_diffusion(z, t, alpha_bars), which returns the noisy latent and the noise.
"""

import inspect
import re
import runpy

import nbformat
import notebooks
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from latentlab import atlas, latent_diffusion, noise_schedule

LAB = "lab-06-latent-diffusion"
STARTER = runpy.run_path(str(notebooks.starter(LAB)))
BY_HAND = STARTER["LatentDiffusion"]
ALPHA_BARS = STARTER["alpha_bars"]
shapes = hnp.array_shapes(min_dims=4, max_dims=5, max_side=5)
seeds = st.integers(0, 2**32 - 1)
factors = st.floats(0.05, 20)


def moments(x):
    return 3 * x + 0.5, 2 * x - 4


def halve(latent):
    return latent / 2


def pair(factor: float, seed: int) -> tuple:
    """The class written by hand, and the package's; both with the same source of noise."""
    return (
        BY_HAND(moments, halve, factor, rng=np.random.default_rng(seed)),
        latent_diffusion.LatentDiffusion(moments, halve, factor, alphas_cumprod=ALPHA_BARS),
        np.random.default_rng(seed),
    )


def pictures(shape, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, shape)


@settings(max_examples=60, deadline=None)
@given(shape=shapes, seed=seeds, factor=factors)
def test_encode_and_decode_are_those_of_the_package(shape, seed, factor):
    by_hand, package, generator = pair(factor, seed)
    z = by_hand.encode(pictures(shape, seed))
    expected = package.encode(pictures(shape, seed), generator=generator)
    np.testing.assert_allclose(z, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(by_hand.decode(z), package.decode(z), rtol=1e-6, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(shape=shapes, seed=seeds, data=st.data())
def test_forward_diffusion_is_that_of_the_package(shape, seed, data):
    by_hand, package, generator = pair(1.0, seed)
    z = pictures(shape, seed)
    steps = st.integers(0, len(ALPHA_BARS) - 1)
    t = data.draw(st.one_of(steps, st.lists(steps, min_size=shape[0], max_size=shape[0])))
    z_t, noise = by_hand.forward_diffusion(z, t, ALPHA_BARS)
    expected, expected_noise = package.add_noise(z, t, generator=generator)
    assert z_t.shape == noise.shape == shape
    np.testing.assert_allclose(z_t, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(noise, expected_noise)


def test_signature_is_the_published_one():
    taken = list(inspect.signature(BY_HAND).parameters.values())
    assert [one.name for one in taken] == ["encoder_fn", "decoder_fn", "scale_factor", "rng"]
    assert taken[2].default == atlas.family("sd-1").scaling["factor"]
    assert taken[3].kind is inspect.Parameter.KEYWORD_ONLY
    solution = inspect.signature(notebooks.exercises(LAB).by_name["LatentDiffusion"].solution)
    assert [*solution.parameters.values()] == taken[:3]
    for name, arguments in {
        "encode": ["self", "x"],
        "decode": ["self", "z"],
        "forward_diffusion": ["self", "z", "t", "alpha_bars"],
    }.items():
        assert list(inspect.signature(getattr(BY_HAND, name)).parameters) == arguments


def test_schedule_is_that_of_stable_diffusion():
    np.testing.assert_allclose(ALPHA_BARS, noise_schedule.alphas_cumprod(), rtol=1e-4)


def test_without_a_generator_it_obeys_the_global_seed():
    x = pictures((2, 3, 4, 4), 0)
    np.random.seed(42)
    z = BY_HAND(moments, halve).encode(x)
    np.random.seed(42)
    mean, log_variance = moments(x)
    expected = mean + np.exp(0.5 * log_variance) * np.random.randn(*x.shape)
    np.testing.assert_allclose(z, 0.18215 * expected)


def test_a_list_of_shares_and_arrays_without_a_batch_are_taken():
    z_t, noise = BY_HAND(moments, halve).forward_diffusion(np.ones((4, 2, 2)), 1, [0.9, 0.64])
    np.testing.assert_allclose(z_t, 0.8 + 0.6 * noise)


@pytest.mark.parametrize("t", [-1, [3, -2]])
def test_a_step_before_the_first_is_refused(t):
    with pytest.raises(ValueError, match="steps are counted from 0"):
        BY_HAND(moments, halve).forward_diffusion(np.ones((2, 4, 2, 2)), t, ALPHA_BARS)


def test_the_checker_accepts_the_starter_and_the_package():
    check = notebooks.exercises(LAB).check

    class LatentDiffusion(BY_HAND):  # the name by which the checker finds the exercise
        pass

    assert check(LatentDiffusion).solved

    class LatentDiffusion(latent_diffusion.LatentDiffusion):  # type: ignore[no-redef]
        def forward_diffusion(self, z, t, alpha_bars):
            self.alphas_cumprod = alpha_bars
            return self.add_noise(z, t)

        def encode_distribution(self, x):  # these pictures are no pixels
            return latent_diffusion.Posterior(*self.encoder(x))

    assert check(LatentDiffusion).solved


@pytest.mark.parametrize("seed", [0, 1, 42])
def test_the_checker_takes_the_seeds_that_people_type(seed):
    class LatentDiffusion(BY_HAND):
        def __init__(self, encoder_fn, decoder_fn, scale_factor=0.18215):
            generator = np.random.default_rng(seed)
            super().__init__(encoder_fn, decoder_fn, scale_factor, rng=generator)

    assert notebooks.exercises(LAB).check(LatentDiffusion).solved


def measured_by(answer) -> str:
    return notebooks.exercises(LAB).by_name["measure_factor"].check(answer).message


def test_the_checker_takes_one_pass_written_in_any_way():
    def merged(batches):  # means and squared deviations, batch by batch
        count, mean, squares = 0, 0.0, 0.0
        for latent in batches:
            apart = latent.mean() - mean
            both = count + latent.size
            squares += latent.var() * latent.size + apart**2 * count * latent.size / both
            count, mean = both, mean + apart * latent.size / both
        return (count / squares) ** 0.5

    def chained(batches):
        flat = (latent.ravel() for latent in iter(batches))
        sums = sum(np.array([len(row), row.sum(), row @ row]) for row in flat)
        return 1 / np.sqrt(sums[2] / sums[0] - (sums[1] / sums[0]) ** 2)

    def stepped(batches):
        sums = np.zeros(3)
        while (latent := next(batches, None)) is not None:
            sums += latent.size, latent.sum(), (latent**2).sum()
        return 1 / np.sqrt(sums[2] / sums[0] - (sums[1] / sums[0]) ** 2)

    for answer in (merged, chained, stepped):
        assert measured_by(answer).startswith("Solved")


def test_the_solution_keeps_its_digits_far_from_zero():
    latent = np.random.default_rng(0).normal(100, 0.1, (8, 4, 16, 16)).astype(np.float32)
    found = notebooks.exercises(LAB).by_name["measure_factor"].solution([latent, latent])
    assert found == pytest.approx(1 / latent.astype(np.float64).std(), rel=1e-6)


def test_the_checker_tells_who_keeps_batches_or_reads_them_twice():
    def three_passes(batches):
        count = sum(latent.size for latent in batches)
        mean = sum(latent.sum() for latent in batches) / count
        return (sum(((latent - mean) ** 2).sum() for latent in batches) / count) ** -0.5

    assert "you read the batches twice, where they come once" in measured_by(three_passes)
    for keep in (list, tuple, lambda batches: [latent.reshape(-1) for latent in batches]):
        message = measured_by(lambda batches, keep=keep: 1 / np.hstack(keep(batches)).std())
        assert "you kept batches, where memory for one is allowed" in message
        assert "measure_factor(iter([array([[1.0, 3.0]]), array([[5.0, 7.0]" in message


@pytest.mark.parametrize("source", ["randn", "normal", "default_rng"])
def test_the_checker_takes_any_source_of_normal_noise(source):
    draw = {
        "randn": lambda shape: np.random.randn(*shape),
        "normal": lambda shape: np.random.normal(0, 1, shape),
        "default_rng": lambda shape: np.random.default_rng().standard_normal(shape),
    }[source]

    class LatentDiffusion:
        def __init__(self, encoder_fn, decoder_fn, scale_factor=0.18215):
            self.encoder_fn, self.decoder_fn, self.s = encoder_fn, decoder_fn, scale_factor

        def encode(self, x):
            mean, log_variance = self.encoder_fn(x)
            return self.s * (mean + np.exp(log_variance / 2) * draw(mean.shape))

        def decode(self, z):
            return self.decoder_fn(z / self.s)

        def forward_diffusion(self, z, t, alpha_bars):
            kept = np.asarray(alpha_bars[t]).reshape(-1, 1, 1, 1)
            noise = draw(z.shape)
            return kept**0.5 * z + (1 - kept) ** 0.5 * noise, noise

    assert notebooks.exercises(LAB).check(LatentDiffusion).solved


def test_numbers_of_the_chapter_are_those_of_the_lab():
    chapter = (notebooks.ROOT / "handbook/06-latent-diffusion.md").read_text(encoding="utf-8")
    cells = nbformat.read(notebooks.ROOT / f"labs/{LAB}.ipynb", as_version=4).cells
    printed = "".join(
        output.get("text", "") for cell in cells for output in cell.get("outputs", [])
    )
    for number, told in {
        r"here at step (\d+),": r"t = (\d+): 0\.500 or 0\.500",
        r"encode .+ worth ([\d.]+) steps": r"encoding ([\d.]+)",
        r"decode at the end, worth ([\d.]+),": r"decoding costs ([\d.]+) denoiser steps",
    }.items():
        assert re.findall(number, chapter) == re.findall(told, printed) != []


def test_the_chapter_quotes_lines_that_exist():
    chapter = (notebooks.ROOT / "handbook/06-latent-diffusion.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^: `(.+)`$", chapter, re.MULTILINE)
    lines = {
        line.strip()
        for module in (latent_diffusion, noise_schedule)
        for line in inspect.getsource(module).splitlines()
    }
    assert len(quoted) >= 16
    assert not set(quoted) - lines
