"""The training of the image VAE, on tiny pictures: it learns, resumes, saves, refuses in words."""

import json
import signal
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL
from latentlab import image_vae, photographs, report_image_vae, train_image_vae
from latentlab.linear_start import linear_start
from latentlab.muon import Muon, orthogonal
from latentlab.reconstruction import psnr, ssim
from latentlab.train_image_vae import Recipe, TrainingError, build, reconstruct, train
from latentlab.training_photographs import develop, split, view, write_sources
from PIL import Image

TINY = Recipe(widths=(12, 12, 16, 16), crops=((16, 2), (24, 1)), finish_crops=((32, 1),))

pytestmark = pytest.mark.usefixtures("one_thread")


def scene(side: int, seed: int) -> Image.Image:
    """A smooth colored picture with a few sharp rectangles."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    picture = np.array(coarse.resize((side, side), Image.Resampling.BICUBIC))
    for _ in range(4):
        top, left = random.integers(0, side // 2, 2)
        picture[top : top + side // 4, left : left + side // 4] = random.integers(0, 256, 3)
    return Image.fromarray(picture)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder like that of latentlab.training_photographs."""
    folder = tmp_path_factory.mktemp("data")
    for part, names in (
        ("training", ("photograph-a-48", "photograph-a-64", "photograph-b-256", "panorama-c-000")),
        ("validation", ("a", "b")),
        ("held_out", ("d",)),
    ):
        (folder / part).mkdir()
        for seed, name in enumerate(names):
            side = 256 if part == "held_out" or "256" in name else 48
            scene(side, seed).save(folder / part / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run of six steps and three more to finish."""
    run = tmp_path_factory.mktemp("run")
    train(data, run, TINY, steps=6, validate_every=5)
    train(data, run, TINY, steps=3, finish=True)
    return run


def test_it_begins_with_a_blurred_picture_in_true_colors(data):
    pictures = train_image_vae.Crops(data / "training").batch(0, 0, 16, 32)
    vae = build(TINY).eval()
    before = psnr(pictures, reconstruct(vae, pictures))
    linear_start(vae, pictures)
    rebuilt = reconstruct(vae, pictures)
    assert psnr(pictures, rebuilt) > before + 5
    torch.testing.assert_close(rebuilt.mean((2, 3)), pictures.mean((2, 3)), atol=0.25, rtol=0)
    latents = vae.encode(pictures).latent_dist.mode()[:, :3]
    torch.testing.assert_close(latents.std(dim=(0, 2, 3)), torch.ones(3), atol=0.01, rtol=0)


def test_some_steps_bring_the_loss_down(data):
    crops = train_image_vae.Crops(data / "training")
    training = train_image_vae.Training(TINY, crops)
    pictures, noise = crops.batch(1, 0, 16, 16), torch.zeros(16, 4, 2, 2)

    def current() -> float:
        with torch.no_grad():
            vae = training.averaged()
            return train_image_vae.loss(vae, pictures, noise, TINY.kl_weight, False).item()

    before = current()
    for _ in range(80):
        training.advance(0.5, 16, 4)
    assert current() < 0.9 * before


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(data, tmp_path):
    whole = train(data, tmp_path / "whole", TINY, steps=5)
    train(data, tmp_path / "parts", TINY, steps=2)
    parts = train(data, tmp_path / "parts", TINY, steps=5)
    other = train(data, tmp_path / "other", Recipe(**{**vars(TINY), "seed": 1}), steps=5)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, parts.model.state_dict()[name]), name
        assert torch.equal(whole.average[name], parts.average[name]), name
    assert not torch.equal(whole.model.encoder.conv_in.weight, other.model.encoder.conv_in.weight)


def test_a_signal_saves_and_ends_and_finishing_goes_on_later(data, tmp_path, monkeypatch):
    train(data, tmp_path / "one", TINY, steps=2)
    whole = train(data, tmp_path / "one", TINY, steps=4, finish=True)

    train(data, tmp_path / "two", TINY, steps=2)
    advance = train_image_vae.Training.advance

    def interrupted(self, *arguments):
        value = advance(self, *arguments)
        if self.step == 4:
            signal.raise_signal(signal.SIGTERM)
        return value

    monkeypatch.setattr(train_image_vae.Training, "advance", interrupted)
    half = train(data, tmp_path / "two", TINY, steps=4, finish=True)
    assert half.step == 4 and not (tmp_path / "two" / "model").exists()
    parts = train(data, tmp_path / "two", TINY, steps=4, finish=True)
    assert parts.step == whole.step == 6
    for name, weight in whole.average.items():
        assert torch.equal(weight, parts.average[name]), name


def test_finishing_leaves_the_run_as_it_was(data, finished):
    names = {path.name for path in finished.iterdir()}
    assert names == {"trunk.safetensors", "trunk.csv", "model", "validation.png"}
    assert train(data, finished, TINY, steps=6).step == 6


def test_the_model_is_a_diffusers_folder_in_half_precision(finished):
    vae = AutoencoderKL.from_pretrained(finished / "model")
    assert vae.config.latent_channels == 4 and vae.dtype == torch.float32
    weights = finished / "model" / "diffusion_pytorch_model.safetensors"
    assert weights.stat().st_size < 2.5 * sum(p.numel() for p in vae.parameters()) + 50_000
    latents = vae.encode(torch.rand(1, 3, 64, 40) * 2 - 1).latent_dist.mode()
    assert latents.shape == (1, 4, 8, 5)
    assert json.loads((finished / "model" / "training.json").read_text())["steps"] == 9


def test_the_scaling_factor_gives_training_crops_unit_deviation(data, finished):
    vae = AutoencoderKL.from_pretrained(finished / "model")
    crops = train_image_vae.Crops(data / "training").batch(0, 0, 64, 32)
    latents = vae.encode(crops).latent_dist.mode() * vae.config.scaling_factor
    assert latents.std().item() == pytest.approx(1, abs=0.01)


def test_the_last_bias_keeps_the_mean_color_of_training_crops(data, finished):
    vae = image_vae.load(finished / "model")
    crops = train_image_vae.Crops(data / "training").batch(0, 0, 24, 32)
    change = (vae.decode(vae.encode(crops).latent_dist.mode()).sample - crops).mean(dim=(0, 2, 3))
    assert change.abs().max().item() * 127.5 < 0.5  # half precision rounds the bias again


def test_the_report_has_a_line_for_every_held_out_photograph(data, finished, tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    report_image_vae.main([str(finished / "model"), "--data", str(data), "--sheet", str(sheet)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == [
        *("astronaut", "blossom", "cat", "coast", "coffee", "tulips", "d", "mean")
    ]
    assert Image.open(sheet).size == (7 * 256, 4 * 256)


def test_minutes_are_turned_into_steps_by_the_speed_of_the_run(data):
    training = train_image_vae.Training(TINY, train_image_vae.Crops(data / "training"))
    training.step, training.seconds = 100, 10.0  # 544 pixels a step on average, then 1024
    assert train_image_vae._finishing_steps(training, None, 1.0) == round(600 * 544 / 1024)
    assert train_image_vae._finishing_steps(training, 7, None) == 7


def test_sixteen_channels_train_too(data, tmp_path):
    recipe = Recipe(**{**vars(TINY), "latent_channels": 16})
    vae = train(data, tmp_path, recipe, steps=2).averaged()
    assert vae.encode(torch.zeros(1, 3, 32, 32)).latent_dist.mode().shape == (1, 16, 4, 4)


@pytest.mark.parametrize(
    ("changes", "request_", "message"),
    [
        ({}, {}, "either --steps or --minutes"),
        ({}, {"steps": 1, "minutes": 1.0}, "either --steps or --minutes"),
        ({}, {"steps": 0}, "must be above 0, got 0"),
        ({}, {"minutes": -1.0}, "must be above 0, got -1.0"),
        ({"latent_channels": 2}, {"steps": 1}, "must be 3 or more, got 2"),
        ({"crops": ((20, 1),)}, {"steps": 1}, "crops must be multiples of 8 pixels, got 20"),
        ({"widths": (8, 12, 16, 16)}, {"steps": 1}, "widths must be 4 numbers from 12 up"),
        (
            {"crops": ((264, 1),)},
            {"steps": 1},
            "no picture is as large as the crops of 264 x 264 pix",
        ),
        ({}, {"steps": 1, "finish": True}, "no trained state to finish"),
    ],
)
def test_bad_requests_are_refused_in_words(data, tmp_path, changes, request_, message):
    with pytest.raises(TrainingError, match=message):
        train(data, tmp_path, Recipe(**{**vars(TINY), **changes}), **request_)


def test_bad_data_and_bad_states_are_refused_in_words(data, finished, tmp_path):
    with pytest.raises(TrainingError, match=r"there are no pictures in .*training_photographs"):
        train(tmp_path, tmp_path / "run", TINY, steps=1)
    with pytest.raises(TrainingError, match="another recipe: seed = 0, not 7"):
        train(data, finished, Recipe(**{**vars(TINY), "seed": 7}), steps=7)
    state = (finished / "trunk.safetensors").read_bytes()
    (tmp_path / "trunk.safetensors").write_bytes(state[: len(state) // 2])
    with pytest.raises(TrainingError, match=r"trunk\.safetensors is damaged"):
        train(data, tmp_path, TINY, steps=7)
    weights = finished / "model" / "diffusion_pytorch_model.safetensors"
    (tmp_path / "trunk.safetensors").write_bytes(weights.read_bytes())
    with pytest.raises(TrainingError, match="is not a state that this program saved"):
        train(data, tmp_path, TINY, steps=7)
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "photograph-a-48.png").write_bytes(b"no picture")
    with pytest.raises(TrainingError, match=r"photograph-a-48\.png cannot be read as a picture"):
        train(tmp_path, tmp_path / "run", TINY, steps=1)


def test_the_command_says_what_is_wrong_in_one_sentence(data, tmp_path):
    with pytest.raises(SystemExit, match="say how long to train"):
        train_image_vae.main([str(data), str(tmp_path)])
    with pytest.raises(SystemExit, match=r"has no config\.json: expected a folder"):
        report_image_vae.main([str(tmp_path)])


def test_muon_moves_along_an_orthogonal_matrix():
    generator = torch.Generator().manual_seed(0)
    for shape in ((3, 8, 20), (2, 20, 8)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape, generator=generator)))
        assert values.min() > 0.5 and values.max() < 1.3
    weight = torch.zeros(6, 4, 3, 3, requires_grad=True)
    (weight * torch.randn(6, 4, 3, 3, generator=generator)).sum().backward()
    Muon([weight], lr=0.1).step()
    moved = torch.linalg.svdvals(weight.detach().flatten(1))
    assert moved.min() > 0.05 and moved.max() < 0.13


def test_ssim_at_known_pictures():
    generator = torch.Generator().manual_seed(0)
    noise = 0.2 * torch.randn(1, 3, 32, 32, generator=generator)
    assert ssim(0.5 + noise, 0.5 + noise) == pytest.approx(1)
    assert ssim(0.5 + noise, 0.5 - noise) < -0.5
    gray = torch.zeros(1, 3, 16, 16)
    expected = (2 * 0.5 * 0.25 + 0.0004) / (0.5**2 + 0.25**2 + 0.0004)
    assert ssim(gray + 0.5, gray + 0.25) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(ValueError, match="SSIM needs 11 x 11 pixels"):
        ssim(gray[..., :8], gray[..., :8])
    with pytest.raises(ValueError, match="shapes differ"):
        ssim(gray, gray[..., :12])


def test_validation_strips_do_not_overlap_what_is_trained_on():
    wide = Image.fromarray(np.arange(2000, dtype=np.uint16)[None].repeat(300, 0))
    kept, strip = split(wide)
    assert kept.size == (1600, 300) and strip.size == (400, 300)
    assert np.asarray(kept).max() < np.asarray(strip).min()
    kept, strip = split(wide.transpose(Image.Transpose.ROTATE_270))
    assert kept.size == (300, 1600) and strip.size == (300, 400)
    assert split(wide.crop((0, 0, 1000, 300)))[1] is None


def test_a_view_looks_where_it_is_told():
    height, width = 64, 128
    panorama = np.zeros((height, width, 3), np.float32)
    panorama[: height // 2, :, 2] = 1  # sky
    panorama[:, width // 4 * 3, 0] = 1  # a mark 90 degrees to the right
    ahead, right, up = view(panorama, 0, 0), view(panorama, 90, 0), view(panorama, 0, 60)
    assert ahead[:60, :, 2].min() == 1 and ahead[-60:, :, 2].max() == 0
    assert right[:, 64, 0].min() > 0.4 and ahead[:, 10:-10, 0].max() == 0
    assert up[..., 2].min() == 1


def test_developing_keeps_colors_finite_and_in_range():
    radiance = np.array([[[0, 0, 0], [1, 2, 3], [np.inf, 1e9, 5]]], np.float32)
    picture = develop(radiance)
    assert np.isfinite(picture).all() and picture.min() >= 0 and picture.max() <= 1
    assert picture[0, 0].max() == 0 and picture[0, 2, 0] == 1


def test_sources_are_free_and_none_is_held_out(tmp_path):
    write_sources(tmp_path / "sources.toml")
    sources = tomllib.loads((tmp_path / "sources.toml").read_text(encoding="utf-8"))
    training = sources["training"]
    assert len(training) == 29
    assert {s["license"] for s in training.values()} == {"CC0-1.0", "CC-BY-4.0", "BSD-3-Clause"}
    assert all(source["author"] and source["package"] for source in training.values())
    held_out = {source["file"] for source in sources["held_out"].values()}
    assert not held_out & {source["file"] for source in training.values()}
    for name in photographs.names():
        source = photographs.credit(name).source
        assert not any(s["file"].split("/")[-1] in source for s in training.values())
