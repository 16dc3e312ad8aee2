"""The ONNX files of the page against the VAE they were made from."""

import subprocess
import sys
from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch
from latentlab import export_image_vae, image_vae, photographs
from latentlab.train_image_vae import Recipe, build

MODELS = Path(__file__).parents[1] / "_build" / "models"
SIZES = [(256, 256), (64, 96), (200, 16)]


def run(path: Path, **inputs: torch.Tensor) -> list[torch.Tensor]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    return [torch.from_numpy(value) for value in found]


def export(*arguments: str | Path) -> None:
    """Export as a reader would: the types that tests check cannot be checked while tracing."""
    command = [sys.executable, "-m", "latentlab.export_image_vae", *map(str, arguments)]
    subprocess.run(command, check=True)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_onnx_computes_what_pytorch_computes(height: int, width: int):
    vae = image_vae.load()
    pixels = torch.from_numpy(photographs.load("coffee")[:height, :width]).permute(2, 0, 1)[None]
    mean, std = run(MODELS / "encoder.onnx", pixels=pixels.contiguous())
    posterior = vae.encode(pixels).latent_dist
    assert mean.shape == (1, 4, height // 8, width // 8)
    torch.testing.assert_close(mean, posterior.mean, atol=1e-3, rtol=0)
    torch.testing.assert_close(std, posterior.std, atol=1e-5, rtol=0)
    (back,) = run(MODELS / "decoder.onnx", latent=mean)
    torch.testing.assert_close(back, vae.decode(mean).sample, atol=1e-3, rtol=0)


def test_weights_are_stored_in_half_precision_and_say_nothing_of_this_computer():
    sizes = [(MODELS / f"{half}coder.onnx").stat().st_size for half in ("en", "de")]
    assert sum(sizes) < 1.1 * (image_vae.FOLDER / image_vae.WEIGHTS).stat().st_size
    for half in ("en", "de"):
        model = onnx.load(MODELS / f"{half}coder.onnx")
        assert str(Path(__file__).parents[1]).encode() not in model.SerializeToString()
        assert {opset.version for opset in model.opset_import} == {export_image_vae.OPSET}


@pytest.mark.slow
def test_same_model_gives_the_same_files(tmp_path: Path):
    export(tmp_path)
    for name in ("encoder.onnx", "decoder.onnx"):
        assert (tmp_path / name).read_bytes() == (MODELS / name).read_bytes()


@pytest.mark.slow
def test_any_other_model_of_the_kind_is_exported(tmp_path: Path):
    tiny = build(Recipe(latent_channels=16, widths=(12, 12, 16, 16))).eval()
    tiny.save_pretrained(tmp_path / "tiny")
    export(tmp_path / "deep" / "folder", "--model", tmp_path / "tiny")
    latent = torch.randn(1, 16, 3, 5, generator=torch.Generator().manual_seed(0))
    (back,) = run(tmp_path / "deep" / "folder" / "decoder.onnx", latent=latent)
    with torch.no_grad():
        expected = tiny.decode(latent).sample
    torch.testing.assert_close(back, expected, atol=1e-3, rtol=0)


def test_a_folder_without_a_model_is_refused(tmp_path: Path):
    with pytest.raises(SystemExit) as stopped:
        export_image_vae.main([str(tmp_path / "out"), "--model", str(tmp_path)])
    assert "has no config.json" in str(stopped.value)
    assert not (tmp_path / "out").exists()
