"""A reader's own picture: whatever it is, it becomes a tensor or a sentence."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latentlab import own_picture
from PIL import Image


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def gradient(width: int, height: int) -> Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    red, green = columns * 255 // max(width - 1, 1), rows * 255 // max(height - 1, 1)
    return Image.fromarray(np.dstack([red, green, 0 * red]).astype(np.uint8))


@settings(max_examples=30)
@given(width=st.integers(16, 700), height=st.integers(16, 700))
def test_any_size_becomes_multiples_of_eight(width, height):
    if 512 * min(width, height) / max(width, height, 512) < 17:
        return
    tensor = own_picture.load(encoded(gradient(width, height)))
    _, channels, tall, wide = tensor.shape
    assert channels == 3 and tall % 8 == 0 and wide % 8 == 0 and max(tall, wide) <= 512
    assert tensor.min() >= -1 and tensor.max() <= 1
    if max(width, height) <= 512:
        assert width - wide < 8 and height - tall < 8


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK", "1", "I;16"])
def test_every_mode_becomes_rgb(mode):
    gray = gradient(64, 48).convert("L")
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)
    else:
        picture = gray.convert(mode)
    tensor = own_picture.load(encoded(picture, "TIFF"))
    assert tuple(tensor.shape) == (1, 3, 48, 64)
    if mode not in ("1", "P", "CMYK"):
        expected = np.asarray(gray) / 127.5 - 1
        assert np.allclose(tensor[0, 0].numpy(), expected, atol=1 / 127)


def test_transparency_is_laid_on_white():
    assert own_picture.load(encoded(Image.new("RGBA", (32, 32), (0, 0, 0, 0)))).min() == 1


def test_a_turned_photograph_is_turned_back():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it a quarter turn clockwise
    tensor = own_picture.load(encoded(gradient(64, 32), "JPEG", exif=exif, quality=95))
    assert tuple(tensor.shape) == (1, 3, 64, 32)
    assert tensor[0, 0, -1].mean() > 0.8 and tensor[0, 0, 0].mean() < -0.8


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"not a picture", "is no picture that can be read"),
        (b"", "is no picture that can be read"),
        (encoded(gradient(8, 300)), "8 × 300 pixels: expected 16 a side at least"),
        (encoded(gradient(20, 2000)), "it is too narrow"),
        (encoded(gradient(300, 300))[:300], "is damaged"),
    ],
)
def test_what_is_no_picture_is_told(content, told):
    with pytest.raises(ValueError) as caught:
        own_picture.load(content)
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_a_huge_picture_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(own_picture, "LARGEST", 1000)
    with pytest.raises(ValueError, match="64 × 64 pixels: expected"):
        own_picture.load(encoded(gradient(64, 64)))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        own_picture.load(tmp_path / "nowhere.png")


def test_a_size_that_no_vae_takes_is_refused():
    with pytest.raises(ValueError, match="expected a multiple of 8 from 16 up"):
        own_picture.load(encoded(gradient(64, 64)), longest=100)
