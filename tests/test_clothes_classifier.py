"""The judge of generated clothes, and the distance between two sets of pictures."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from latentlab import clothes, clothes_classifier, small_vae, train_clothes_classifier
from latentlab.clothes_classifier import FOLDER, ClothesClassifier, verdict
from latentlab.frechet import Normal, distance, normal
from latentlab.train_clothes_classifier import Recipe

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def judge() -> ClothesClassifier:
    """Return the classifier that the course ships."""
    return clothes_classifier.load()


def test_the_judge_recognizes_pictures_it_was_not_trained_on(judge):
    said = json.loads((FOLDER / "training.json").read_text())
    shown = verdict(judge, clothes.load(), clothes.classes())
    assert shown.agreement > 0.9
    assert shown.agreement == pytest.approx(said["held_out_accuracy"], abs=0.02)
    assert said["recipe"] == vars(Recipe())


@pytest.mark.slow
def test_what_is_worse_lies_farther_away(judge):
    pictures, classes = clothes.load(), clothes.classes()
    vae = small_vae.load("grid")
    rebuilt = vae.decode(vae.encode(pictures).latent_dist.mode()).sample.clamp(-1, 1)
    noise = torch.rand(pictures.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    one_class = pictures[classes == 9].repeat(10, 1, 1, 1)
    real, through, boots, random = (
        verdict(judge, shown, torch.full((len(shown),), 9)).frechet
        for shown in (pictures, rebuilt, one_class, noise)
    )
    assert real < through < boots and through < random


def test_another_class_is_no_agreement(judge):
    pictures, classes = clothes.load(200), clothes.classes(200)
    assert verdict(judge, pictures, (classes + 1) % 10).agreement < 0.1


@settings(max_examples=30)
@given(
    mean=st.floats(-5, 5), one=st.floats(0.1, 5), other=st.floats(0.1, 5), size=st.integers(1, 6)
)
def test_the_distance_of_round_normals_is_known(mean, one, other, size):
    first = Normal(torch.zeros(size).double(), one**2 * torch.eye(size).double())
    second = Normal(
        torch.full((size,), mean, dtype=torch.double), other**2 * torch.eye(size).double()
    )
    expected = size * (mean**2 + (one - other) ** 2)
    assert distance(first, second) == pytest.approx(expected, abs=1e-6)
    assert distance(second, first) == pytest.approx(expected, abs=1e-6)


def test_the_distance_of_any_normals_is_that_of_the_matrix_root():
    random = np.random.default_rng(0)
    rows = [
        torch.from_numpy(random.normal(size=(50, 8)) @ random.normal(size=(8, 8))) for _ in "ab"
    ]
    one, other = map(normal, rows)
    values, vectors = np.linalg.eig((one.covariance @ other.covariance).numpy())
    root = (vectors * np.sqrt(values.astype(complex))) @ np.linalg.inv(vectors)
    np.testing.assert_allclose(root @ root, one.covariance @ other.covariance, atol=1e-8)
    spread = one.covariance.trace() + other.covariance.trace() - 2 * root.trace().real
    expected = (one.mean - other.mean).square().sum() + spread
    assert distance(one, other) == pytest.approx(expected.item(), rel=1e-9)
    assert distance(one, one) == pytest.approx(0, abs=1e-9)


def test_too_few_pictures_and_other_features_are_refused(judge):
    with pytest.raises(ValueError, match="64 pictures: expected more than the 64 features"):
        verdict(judge, clothes.load(64), clothes.classes(64))
    pictures, classes = clothes.load(80), clothes.classes(80)
    for shown, told, complaint in (
        (pictures * 127.5, classes, r"outside \[-1, 1\]"),
        (pictures * torch.nan, classes, r"outside \[-1, 1\]"),
        (pictures[..., 2:-2, 2:-2], classes, r"expected floats, \(n, 1, 32, 32\)"),
        (pictures.byte(), classes, "uint8 .* expected floats"),
        (pictures, classes[:1], "1 classes for 80 pictures"),
        (pictures, classes + 10, "classes reach 19: expected 0 to 9"),
    ):
        with pytest.raises(ValueError, match=complaint):
            verdict(judge, shown, told)
    with pytest.raises(ValueError, match="expected one row a picture"):
        normal(torch.rand(9))
    with pytest.raises(ValueError, match="NaN or infinite"):
        normal(torch.full((9, 2), torch.inf))
    with pytest.raises(ValueError, match="2 and 3 features: expected equally many"):
        distance(normal(torch.rand(9, 2)), normal(torch.rand(9, 3)))


@pytest.mark.slow
def test_a_small_training_learns_repeats_and_is_written(tmp_path):
    data, run = tmp_path / "data", tmp_path / "run"
    data.mkdir()
    pictures = ((clothes.load(300)[:, 0, 2:-2, 2:-2] + 1) * 127.5).round().byte().numpy()
    for part in ("training", "validation", "held_out"):
        np.save(data / f"{part}.npy", pictures)
        np.save(data / f"{part}_classes.npy", clothes.classes(300).byte().numpy())
    request = [str(data), str(run), "--steps", "40", "--batch", "32"]
    train_clothes_classifier.main(request)
    facts = json.loads((run / "training.json").read_text())
    assert facts["training_accuracy"] > 0.5
    first = (run / "SHA256").read_text()
    train_clothes_classifier.main(request)
    assert (run / "SHA256").read_text() == first
    loaded = clothes_classifier.load(run)
    assert loaded(clothes.load(3)).shape == (3, 10)
    assert clothes_classifier.reference(run).covariance.shape == (64, 64)


def test_missing_classes_are_told(tmp_path):
    for part in ("training", "validation", "held_out"):
        np.save(tmp_path / f"{part}.npy", np.zeros((3, 28, 28), np.uint8))
    with pytest.raises(SystemExit, match=r"training_classes\.npy cannot be read as classes"):
        train_clothes_classifier.main([str(tmp_path), str(tmp_path / "run")])


def test_what_is_shipped_is_small_and_without_pickle():
    assert {path.name for path in FOLDER.iterdir()} == {
        "README.md",
        "SHA256",
        "config.json",
        "diffusion_pytorch_model.safetensors",
        "training.json",
        clothes_classifier.REFERENCE,
    }
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 400_000
