import hashlib
import io

import numpy as np
import pytest
from beartype import beartype
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import jaxtyped
from latentlab import photographs
from PIL import Image

KEYS = {"title", "author", "license", "source", "crop", "size", "alt", "sha256"}
NAMES = photographs.names()


def entry(name):
    return photographs._entries()[name]


@pytest.fixture
def damaged_folder(tmp_path, monkeypatch):
    """A folder that holds a cut-off cat and no other photograph."""
    content = (photographs.FOLDER / "cat.webp").read_bytes()
    (tmp_path / "cat.webp").write_bytes(content[:-100])
    monkeypatch.setattr(photographs, "FOLDER", tmp_path)
    return tmp_path


def test_names_are_single_lower_case_words():
    assert {"astronaut", "cat", "coffee", "coast", "tulips", "blossom"} <= set(NAMES)
    assert all(name.isalpha() and name.islower() for name in NAMES)
    assert list(NAMES) == sorted(NAMES)


def test_every_file_has_an_entry_and_every_entry_a_file():
    assert {path.stem for path in photographs.FOLDER.glob("*.webp")} == set(NAMES)
    assert {path.suffix for path in photographs.FOLDER.iterdir()} == {".webp", ".toml"}


def test_the_files_stay_small():
    assert sum(path.stat().st_size for path in photographs.FOLDER.iterdir()) < 700_000


@pytest.mark.parametrize("name", NAMES)
def test_entry_is_complete(name):
    assert set(entry(name)) == KEYS
    assert set(entry(name)["crop"]) == {"left", "top", "side"}
    assert entry(name)["crop"]["side"] >= 300
    for key in ("title", "author", "license", "source", "alt"):
        assert entry(name)[key].strip()
    assert entry(name)["license"] == "CC0-1.0" or entry(name)["license"].startswith(
        "public domain: "
    )
    assert entry(name)["alt"].endswith(".")
    assert entry(name)["alt"].count(". ") <= 1


@pytest.mark.parametrize("name", NAMES)
def test_file_is_what_its_entry_says(name):
    content = (photographs.FOLDER / f"{name}.webp").read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry(name)["sha256"]
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "WEBP"
        assert picture.mode == "RGB"
        assert picture.size == (entry(name)["size"], entry(name)["size"])
        assert not {"exif", "xmp", "icc_profile"} & set(picture.info)


@settings(max_examples=12)
@given(name=st.sampled_from(NAMES), data=st.data())
def test_load_has_the_promised_shape_type_and_range(name, data):
    size = data.draw(st.integers(8, entry(name)["size"]), label="size")
    picture = photographs.load(name, size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.float32
    assert picture.min() >= -1 and picture.max() <= 1
    assert picture.max() - picture.min() > 0.5


@pytest.mark.parametrize("name", NAMES)
def test_every_photograph_loads_at_the_default_size(name):
    assert photographs.load(name).shape == (256, 256, 3)


@pytest.mark.parametrize("name", NAMES)
def test_full_size_gives_the_stored_pixels(name):
    with Image.open(photographs.FOLDER / f"{name}.webp") as picture:
        stored = np.asarray(picture)
    loaded = photographs.load(name, entry(name)["size"])
    np.testing.assert_allclose((loaded + 1) * 127.5, stored, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_resizing_keeps_the_mean_color(name):
    small, large = photographs.load(name, 32), photographs.load(name, 256)
    np.testing.assert_allclose(small.mean(axis=(0, 1)), large.mean(axis=(0, 1)), atol=0.02)


def test_axes_are_height_width_color():
    coast = photographs.load("coast", 64)
    cliff, sky = coast[32, :8], coast[8, 40:]
    assert cliff.mean() < -0.5 < 0.5 < sky.mean()
    _, green, blue = photographs.load("tulips", 64)[48:].mean(axis=(0, 1))
    assert green > blue


def test_arrays_are_not_shared():
    first = photographs.load("cat", 16)
    expected = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(photographs.load("cat", 16), expected)


def test_annotations_hold_at_run_time():
    checked = jaxtyped(typechecker=beartype)(photographs.load)
    assert checked("cat", 24).shape == (24, 24, 3)
    with pytest.raises(TypeError):
        checked(3)


@pytest.mark.parametrize("function", [photographs.load, photographs.credit])
@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [("cta", "cat"), ("Tulip", "tulips"), ("astronaut.webp", "astronaut")],
)
def test_unknown_name_offers_the_nearest(function, wrong, nearest):
    with pytest.raises(ValueError) as caught:
        function(wrong)
    assert str(caught.value) == (
        f"There is no photograph named {wrong!r}; the nearest name is {nearest!r}, "
        f"out of {', '.join(NAMES)}."
    )


@pytest.mark.parametrize("wrong", ["", "?", "../cat"])
def test_any_unknown_name_gets_an_offer(wrong):
    with pytest.raises(ValueError, match="the nearest name is"):
        photographs.load(wrong)


@pytest.mark.parametrize(
    ("name", "size", "stored", "nearest"),
    [
        ("cat", 257, 256, 256),
        ("cat", 512, 256, 256),
        ("coast", 513, 512, 512),
        ("coast", 7, 512, 8),
        ("coast", 0, 512, 8),
        ("coast", -64, 512, 8),
    ],
)
def test_size_out_of_range_names_what_is_stored_and_the_nearest(name, size, stored, nearest):
    with pytest.raises(ValueError) as caught:
        photographs.load(name, size)
    message = str(caught.value)
    assert f"size={size} " in message
    assert f"{name!r} is stored at {stored} × {stored} pixels" in message
    assert message.endswith(f"the nearest size is {nearest}.")


@pytest.mark.parametrize("size", [True, False, 64.0, "64", None])
def test_size_must_be_an_int(size):
    with pytest.raises(TypeError, match="size"):
        photographs.load("cat", size)


def test_damaged_file_is_named_with_its_expected_hash(damaged_folder):
    with pytest.raises(OSError) as caught:
        photographs.load("cat")
    assert str(damaged_folder / "cat.webp") in str(caught.value)
    assert entry("cat")["sha256"] in str(caught.value)


def test_missing_file_is_named(damaged_folder):
    with pytest.raises(FileNotFoundError, match=r"coffee\.webp"):
        photographs.load("coffee")


def test_credit_is_one_line():
    photograph = photographs.credit("cat")
    assert str(photograph) == (
        "Chelsea the cat. Photograph: Stefan van der Walt. License: CC0-1.0."
    )
    assert photograph.alt.startswith("The face of a light-brown tabby cat")
    assert all("\n" not in str(photographs.credit(name)) for name in NAMES)


def test_credit_cannot_be_changed():
    with pytest.raises(AttributeError):
        photographs.credit("cat").author = "somebody else"
