"""The two small VAEs: what is shipped, the clothes, and a training of a few steps."""

import gzip
import json
import runpy
from pathlib import Path

import notebooks
import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL
from latentlab import (
    clothes,
    plots,
    report_small_vae,
    small_vae,
    train_small_vae,
    training_clothes,
)
from latentlab.reconstruction import psnr
from latentlab.small_vae import FOLDER
from latentlab.train_image_vae import TrainingError, reconstruct
from latentlab.train_small_vae import Recipe, read, train
from PIL import Image

TINY = Recipe(steps=3, batch=4)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def vaes() -> dict[str, AutoencoderKL]:
    """Return the two that are shipped."""
    return {"grid": small_vae.load("grid"), "vector": small_vae.load("vector")}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder like that of latentlab.training_clothes, with the shipped pictures in it."""
    folder = tmp_path_factory.mktemp("data")
    pictures = ((clothes.load()[:, 0, 2:-2, 2:-2] + 1) * 127.5).round().byte().numpy()
    for part, chosen in (
        ("training", slice(100)),
        ("validation", slice(9)),
        ("held_out", slice(9)),
    ):
        np.save(folder / f"{part}.npy", pictures[chosen])
    return folder


def test_both_keep_sixty_four_numbers_and_all_of_the_interface(vaes):
    pictures = clothes.load(2)
    shapes = {"grid": (2, 4, 4, 4), "vector": (2, 64, 1, 1)}
    for kind, vae in vaes.items():
        posterior = vae.encode(pictures).latent_dist
        assert isinstance(vae, AutoencoderKL)
        assert posterior.mode().shape == posterior.logvar.shape == shapes[kind]
        assert posterior.kl().shape == (2,)
        assert vae.decode(posterior.sample()).sample.shape == pictures.shape
        assert not any(p.requires_grad for p in vae.parameters())


def test_the_grid_one_is_a_plain_class_of_diffusers(vaes):
    assert type(vaes["grid"]) is AutoencoderKL
    same = AutoencoderKL.from_pretrained(FOLDER / "grid").eval()
    pictures = clothes.load(1)
    theirs, ours = (vae.encode(pictures).latent_dist.mode() for vae in (same, vaes["grid"]))
    assert torch.equal(theirs, ours)


def test_they_share_every_layer_but_one_at_each_end_of_the_latent(vaes):
    ends = ("encoder.conv_out", "decoder.conv_in")
    shared = [
        {name: p.shape for name, p in vae.named_parameters() if not name.startswith(ends)}
        for vae in vaes.values()
    ]
    assert shared[0] == shared[1]


def test_only_the_grid_takes_another_size(vaes):
    wall = torch.zeros(1, 1, 64, 40)
    assert vaes["grid"].encode(wall).latent_dist.mode().shape == (1, 4, 8, 5)
    with pytest.raises(ValueError, match="made for 4 × 4 cells, got 8 × 5"):
        vaes["vector"].encode(wall)


@pytest.mark.slow
def test_both_are_better_than_linear_codes_and_the_report_says_so(vaes):
    found = small_vae.report()["psnr"]
    assert found["grid"]["0"] > found["PCA of patches"]["0"] + 1
    assert found["vector"]["0"] > found["PCA of pictures"]["0"] + 1
    assert found["grid"]["0"] == pytest.approx(found["vector"]["0"], abs=0.2)  # a tie, says lab 02
    assert all(found[kind]["0"] > found[kind]["8"] + 5 for kind in vaes)  # "much worse"
    pictures = clothes.load()
    for kind, vae in vaes.items():
        for right in (0, 8):
            moved = clothes.shifted(pictures, right)
            here = psnr(moved, reconstruct(vae, moved))
            assert here == pytest.approx(found[kind][str(right)], abs=1.2)


def test_what_is_shipped_is_small_and_without_pickle():
    names = {"config.json", "diffusion_pytorch_model.safetensors", "SHA256", "training.json"}
    weights = 0
    for kind in ("grid", "vector"):
        assert {path.name for path in (FOLDER / kind).iterdir()} == names
        weights += (FOLDER / kind / "diffusion_pytorch_model.safetensors").stat().st_size
    assert weights <= 1_500_000
    assert (clothes.FOLDER / "clothes.png").stat().st_size <= 450_000


def test_both_were_trained_by_the_recipe_of_the_script():
    facts = [json.loads((FOLDER / k / "training.json").read_text()) for k in ("grid", "vector")]
    recipe = json.loads(json.dumps(vars(Recipe())))
    assert facts[0]["recipe"] == facts[1]["recipe"] == recipe


def test_damaged_weights_and_unknown_kinds_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no small VAE 'cube': expected one of"):
        small_vae.load("cube")
    for path in (FOLDER / "vector").iterdir():
        (tmp_path / "vector").mkdir(exist_ok=True)
        (tmp_path / "vector" / path.name).write_bytes(path.read_bytes())
    weights = tmp_path / "vector" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    with pytest.raises(ValueError, match="is damaged: its SHA-256 hash should be"):
        small_vae.load("vector", tmp_path)
    (tmp_path / "grid").mkdir()
    for path in (FOLDER / "grid").iterdir():
        (tmp_path / "grid" / path.name).write_bytes(path.read_bytes())
    config = tmp_path / "grid" / "config.json"
    config.write_text(config.read_text().replace("AutoencoderKL", "VQModel"))
    with pytest.raises(ValueError, match="is of VQModel, not of an AutoencoderKL"):
        small_vae.load("grid", tmp_path)


def test_the_starter_counts_the_weights_of_the_real_layers(vaes):
    starter = runpy.run_path(str(notebooks.starter("lab-02-why-a-grid")))
    for kind in ("grid", "vector"):
        layer = vaes[kind].encoder.conv_out
        assert starter[f"{kind}_weights"] == sum(p.numel() for p in layer.parameters())
    features = torch.zeros(starter["FEATURES"])
    moments = vaes["grid"].encoder.conv_out(features)
    assert starter["grid"] == moments.shape
    assert starter["vector"] == vaes["vector"].encoder.conv_out(features).flatten(1).shape
    larger = torch.zeros(starter["LARGER"])
    assert starter["larger_grid"] == vaes["grid"].encoder.conv_out(larger).shape
    flatten = small_vae.Flatten(32, 8, 2 * 256)
    assert starter["larger_weights"] == sum(p.numel() for p in flatten.parameters())
    posterior = vaes["grid"].encode(clothes.load(1)).latent_dist
    total = sum(
        starter["kl"](m, v)
        for m, v in zip(
            posterior.mean.flatten().tolist(), posterior.logvar.flatten().tolist(), strict=True
        )
    )
    assert total == pytest.approx(posterior.kl().item(), rel=1e-4)
    numbered = torch.arange(512).reshape(starter["FEATURES"])
    assert starter["place"](7, 2, 3) == numbered[0, 7, 2, 3]


def test_clothes_are_framed_in_black():
    pictures = clothes.load(20)
    assert pictures.shape == (20, 1, 32, 32)
    assert pictures[..., :2].max() == pictures[:, :, -2:].max() == -1
    assert pictures.max() == 1 and torch.equal(pictures[:3], clothes.load(3))
    for count in (0, 1001):
        with pytest.raises(ValueError, match=f"count must be in 1..1000, got {count}"):
            clothes.load(count)


def test_damaged_clothes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(clothes, "FOLDER", tmp_path)
    for name, load in (("clothes.png", clothes.load), ("classes.npy", clothes.classes)):
        (tmp_path / name).write_bytes(b"something else")
        with pytest.raises(OSError, match=f"{name} is damaged"):
            load(1)


def test_moving_to_the_right_lets_black_in_and_pixels_out():
    pictures = clothes.load(2)
    moved = clothes.shifted(pictures, 5)
    assert torch.equal(moved[..., 5:], pictures[..., :-5]) and moved[..., :5].max() == -1
    assert torch.equal(clothes.shifted(pictures, 0), pictures)
    assert clothes.shifted(pictures, 32).max() == -1
    for right in (-1, 33):
        with pytest.raises(ValueError, match=f"right must be in 0..32, got {right}"):
            clothes.shifted(pictures, right)


def test_a_sheet_holds_the_first_pictures_without_loss(tmp_path):
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (1010, 28, 28), dtype=np.uint8)
    training_clothes.sheet(pictures).save(tmp_path / "sheet.png")
    tiles = np.asarray(Image.open(tmp_path / "sheet.png")).reshape(25, 28, 40, 28)
    assert (tiles.transpose(0, 2, 1, 3).reshape(1000, 28, 28) == pictures[:1000]).all()


def test_idx_files_are_read_or_refused(tmp_path):
    pictures = np.arange(2 * 784, dtype=np.uint16).astype(np.uint8).reshape(2, 28, 28)
    head = b"".join(n.to_bytes(4, "big") for n in (0x803, 2, 28, 28))
    path = tmp_path / "pictures.gz"
    path.write_bytes(gzip.compress(head + pictures.tobytes()))
    assert (training_clothes.read_idx(path, 28, 28) == pictures).all()
    classes = tmp_path / "classes.gz"
    classes.write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\x03\x09\0\x05"))
    assert training_clothes.read_idx(classes).tolist() == [9, 0, 5]
    for content, message in (
        (gzip.compress(head + pictures.tobytes()[:-1]), "should hold 2 items"),
        (gzip.compress(b"\0\0\x08\x01" + head[4:]), "is no IDX file of 28 × 28 bytes"),
        (b"no gzip", "is damaged"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            training_clothes.read_idx(path, 28, 28)


def test_the_loss_is_the_formula_and_does_not_depend_on_the_number_of_pictures():
    pictures, vae = clothes.load(4), small_vae.load("grid")
    recipe = Recipe(half_precision=False)
    noise = torch.zeros(4, 4, 4, 4)
    posterior = vae.encode(pictures).latent_dist
    error = (vae.decode(posterior.mode()).sample - pictures).square().sum((1, 2, 3)) / 0.02
    expected = (error + posterior.kl()).mean() / 1024
    value = train_small_vae.negative_elbo(vae, pictures, noise, recipe)
    torch.testing.assert_close(value, expected, rtol=1e-4, atol=1e-4)
    twice = train_small_vae.negative_elbo(
        vae, pictures.repeat(2, 1, 1, 1), noise.repeat(2, 1, 1, 1), recipe
    )
    torch.testing.assert_close(value, twice, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["grid", "vector"])
def test_some_steps_bring_the_loss_down_and_the_seed_decides(data, kind):
    pictures = read(data)["training"]
    before, _ = train_small_vae.quality(train(kind, pictures, TINY), pictures)
    again = train(kind, pictures, Recipe(steps=40, batch=16))
    after, nats = train_small_vae.quality(again, pictures)
    assert after > before + 1 and nats > 0
    one, other = (train(kind, pictures, TINY).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    changed = train(kind, pictures, Recipe(steps=3, batch=4, seed=1)).state_dict()
    assert not torch.equal(one["decoder.conv_out.weight"], changed["decoder.conv_out.weight"])


def test_both_kinds_see_the_same_pictures_in_the_same_order():
    order = train_small_vae.batches(10, steps=6, batch=5, seed=0)
    assert order.shape == (6, 5)
    for half in order.reshape(3, 10):
        assert sorted(half.tolist()) == list(range(10))
    assert torch.equal(order, train_small_vae.batches(10, steps=6, batch=5, seed=0))


def test_the_commands_write_models_that_load_and_a_report(data, tmp_path, capsys):
    train_small_vae.main([str(data), str(tmp_path), "--steps", "2", "--batch", "4"])
    for kind in ("grid", "vector"):
        assert small_vae.load(kind, tmp_path).encode(clothes.load(1)) is not None
        assert json.loads((tmp_path / kind / "training.json").read_text())["recipe"]["steps"] == 2
    report_small_vae.main([str(data), str(tmp_path)])
    assert set(small_vae.report(tmp_path)["psnr"]) == set(small_vae.report()["psnr"])
    assert "PCA of patches" in capsys.readouterr().out


def test_bad_requests_are_refused_in_words(data, tmp_path):
    with pytest.raises(TrainingError, match="steps and batch must be at least 1, got 0 and 4"):
        train("grid", read(data)["training"], Recipe(steps=0, batch=4))
    with pytest.raises(SystemExit, match=r"there is no .*training\.npy; fetch it with"):
        train_small_vae.main([str(tmp_path), str(tmp_path / "run")])
    with pytest.raises(SystemExit, match=r"has no config\.json"):
        report_small_vae.main([str(data), str(tmp_path / "none")])
    (tmp_path / "training.npy").write_bytes(b"no array")
    with pytest.raises(TrainingError, match=r"training\.npy cannot be read as pictures"):
        read(tmp_path)


def test_principal_components_are_the_best_linear_code():
    rows = torch.randn(50, 12, generator=torch.Generator().manual_seed(0))
    mean, directions = report_small_vae.principal(rows, 3)
    torch.testing.assert_close(directions.T @ directions, torch.eye(3), atol=1e-5, rtol=0)
    kept = (rows - mean) @ directions @ directions.T
    lost = (rows - mean - kept).square().sum()
    left = torch.linalg.svdvals(rows - mean)[3:].square().sum()
    torch.testing.assert_close(lost, left, rtol=1e-4, atol=1e-4)


def test_a_map_is_painted_blue_below_zero_and_red_above():
    painted = plots.painted(np.array([[-1.0, 0.0, 1.0]]))
    assert painted.shape == (1, 3, 3)
    (below, zero, above), *_ = painted
    assert below[2] > below[0] and above[0] > above[2] and zero.min() > 0.9
    faint = plots.painted(np.array([[1.0]]), limit=4.0)[0, 0]
    assert (faint[1:] > above[1:]).all()  # closer to white
