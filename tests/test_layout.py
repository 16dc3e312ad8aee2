"""Bytes and signed floats, and layouts that are never guessed."""

import numpy as np
import pytest
import torch
from diffusers.image_processor import VaeImageProcessor
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from latentlab.layout import expect, tell, to_bytes, to_signed


def bare(function):
    """A function as it is outside of the tests, where types are checked before it runs."""
    return getattr(function, "__wrapped__", function)


CLIPS = ["B C T H W", "B T C H W", "B T H W C"]
ALL = np.arange(256, dtype=np.uint8)


@given(arrays(np.uint8, array_shapes(max_dims=5, max_side=5)))
def test_bytes_come_back_from_signed_in_both_libraries(pixels):
    for array in (pixels, torch.from_numpy(pixels)):
        signed = to_signed(array)
        assert str(signed.dtype).endswith("float32") and signed.shape == array.shape
        assert signed.min() >= -1 and signed.max() <= 1
        assert (to_bytes(signed) == array).all()


def test_all_256_bytes_come_back_and_the_ends_are_exact():
    assert (to_bytes(to_signed(ALL)) == ALL).all()
    assert to_signed(ALL)[[0, 255]].tolist() == [-1, 1]


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_bytes_survive_storage_in_other_floats(kind):
    stored = to_signed(torch.from_numpy(ALL)).to(kind)
    assert torch.equal(to_bytes(stored), torch.from_numpy(ALL))


def test_signed_is_what_diffusers_makes():
    theirs = VaeImageProcessor.normalize(torch.from_numpy(ALL).float() / 255)
    torch.testing.assert_close(to_signed(torch.from_numpy(ALL)), theirs)


@given(st.floats(-1, 1, width=32))
def test_a_float_becomes_the_nearest_byte(value):
    byte = int(to_bytes(np.array([value], np.float32))[0])
    assert abs(byte - (value + 1) * 127.5) <= 0.5 + 1e-4


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.ones(3, np.float32), TypeError, r"are float32: expected uint8.* signed by 2 \* x - 1"),
        (torch.ones(3, dtype=torch.int64), TypeError, "pixels are int64: expected uint8.*255$"),
        (np.array([-0.5, 1.0]), TypeError, "below 0 in places, so they look signed already"),
        (np.array([0.0, 255.0]), TypeError, "pixels are float64: expected uint8.*255$"),
        (np.ones(2, np.uint16), TypeError, "uint16: .* when divided by 257 and rounded"),
        (np.ones(0), TypeError, "pixels are float64: expected uint8.*255$"),
        ([0, 255], TypeError, "expected an array of numpy or torch, got list"),
        (None, TypeError, "expected an array of numpy or torch, got NoneType"),
    ],
)
def test_what_is_no_byte_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        bare(to_signed)(given)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (ALL, TypeError, "values are uint8: expected floats"),
        (
            np.array([0.0, 1.5]),
            ValueError,
            r"reach 1.5: expected \[-1, 1\]; the nearest valid is 1",
        ),
        (torch.tensor([-3.0, 2.0]), ValueError, "reach -3: .* the nearest valid is -1"),
        (np.array([0.0, np.nan]), ValueError, "some values are NaN"),
        (torch.tensor([float("nan"), 7]), ValueError, "some values are NaN"),
        (torch.tensor([float("inf")]), ValueError, "reach inf"),
        (np.zeros((0, 3)), ValueError, r"shape \(0, 3\) has no elements"),
        (np.array([1.0000001], np.float32), ValueError, "reach 1.00000012: .* valid is 1,"),
        (np.array(["1"]), TypeError, "values are <U1: expected floats"),
        (np.array([1j]), TypeError, "values are complex128: expected floats"),
        ([0.5], TypeError, "expected an array of numpy or torch, got list"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_no_byte_stands_for_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        bare(to_bytes)(given)


@pytest.mark.filterwarnings("error")
def test_what_still_learns_becomes_bytes():
    assert to_bytes(torch.tensor([-1.0, 1.0], requires_grad=True)).tolist() == [0, 255]


@given(st.permutations("BCTHW"), st.lists(st.integers(1, 9), min_size=5, max_size=5, unique=True))
def test_a_layout_is_told_when_sizes_leave_one(letters, sizes):
    known = dict(zip(letters, sizes, strict=True))
    right = " ".join(letters)
    others = [" ".join([*letters[1:], letters[0]]), " ".join(letters[::-1])]
    assert tell(sizes, [*others, right], **known) == right
    expect(sizes, right, **known)


def test_three_channels_and_three_frames_are_refused_with_what_fits():
    assert tell((1, 9, 3, 64, 96), CLIPS, C=3) == "B T C H W"
    with pytest.raises(ValueError, match="with C = 3 fits B C T H W and B T C H W, and nothing in"):
        tell((1, 3, 3, 64, 96), CLIPS, C=3)
    with pytest.raises(ValueError, match=r"\(1, 9, 4, 64, 96\) with C = 3 fits none of B C T H W,"):
        tell((1, 9, 4, 64, 96), CLIPS, C=3)


def test_wrong_order_is_refused_with_the_layouts_that_fit():
    expect((1, 3, 9, 64, 96), "B C T H W", C=3, T=9)
    with pytest.raises(ValueError, match="is not B C T H W with C = 3; it fits B T C H W"):
        expect((1, 9, 3, 64, 96), "B C T H W", C=3)
    with pytest.raises(ValueError, match=r"\(3, 64\) is not B C H W with C = 3$"):
        expect((3, 64), "B C H W", C=3)


@pytest.mark.parametrize(
    ("shape", "wanted", "fits"),
    [
        ((64, 96, 3), "C H W", "H W C"),
        ((2, 64, 96, 3), "B C H W", "B H W C"),
        ((1, 9, 64, 96, 3), "B C T H W", "B T H W C"),
        ((9, 3, 64, 96), "C T H W", "T C H W"),
        ((1, 8, 8, 8, 3), "B C D H W", "B D H W C"),
    ],
)
def test_a_wrong_layout_is_named_as_people_know_it(shape, wanted, fits):
    with pytest.raises(ValueError, match=f"is not {wanted} with C = 3; it fits {fits}$"):
        expect(shape, wanted, C=3)


@pytest.mark.parametrize(
    ("shape", "among", "error", "message"),
    [
        ((1, 2), "B C", TypeError, r"the string 'B C': expected a list of layouts, \['B C'\]"),
        ((1, 2), [], ValueError, "among is empty: expected layouts such as"),
        ((1, 2), ["B C", "B C"], ValueError, "among has 'B C' twice"),
        ((1, 2), ["B B"], ValueError, "'B B' names B twice"),
        ((1, 2), ["(B T) C"], ValueError, r"has parentheses: .* \(B T\) as B"),
        ((-1, 2), ["B C"], ValueError, "axis 0 has size -1, expected at least 0"),
        ((1, 1.5), ["B C"], TypeError, "axis 1 has size 1.5, expected a whole number"),
    ],
)
def test_what_cannot_be_told_is_refused(shape, among, error, message):
    with pytest.raises(error, match=message):
        bare(tell)(shape, among)


def test_axes_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="axis 'F' is unknown"):
        expect((1, 3), "B F")
    with pytest.raises(ValueError, match="the size of T is given, but B C H W has no such axis"):
        expect((1, 3, 8, 8), "B C H W", T=3)
