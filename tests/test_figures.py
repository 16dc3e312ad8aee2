"""Figures and questions: what they show, what they say in words, and what they refuse."""

import re
from pathlib import Path

import axis_letters
import numpy as np
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from latentlab import plots
from latentlab.axes import AXES, parse
from latentlab.figure import Figure
from latentlab.source import quote

ROOT = Path(__file__).parents[1]
SAID = {"alt": "What is seen.", "caption": "What it is."}


def html(shown) -> BeautifulSoup:
    return BeautifulSoup(shown._repr_mimebundle_()["text/html"], "html.parser")


def test_figure_carries_words_and_kind():
    shown = html(Figure("<p>body</p>", "A <b>.", "A caption.", "recorded"))
    assert shown.select_one(".ls-body")["aria-label"] == "A <b>."
    assert shown.select_one("figcaption .ls-kind").text == "recorded"


@pytest.mark.parametrize("missing", ["alt", "caption"])
def test_figure_without_words_is_refused(missing):
    with pytest.raises(ValueError, match=f"a figure needs '{missing}'"):
        Figure("", **(SAID | {missing: " "}))


@given(st.lists(st.sampled_from("BCTHW"), min_size=1, max_size=5, unique=True), st.data())
def test_shape_shows_each_size_with_its_letter(letters, data):
    sizes = data.draw(st.lists(st.integers(1, 9999), min_size=len(letters), max_size=len(letters)))
    chips = BeautifulSoup(plots.shape(sizes, " ".join(letters)), "html.parser").select(".ls-dim")
    assert [chip.text for chip in chips] == [
        f"{n} {c}" for n, c in zip(sizes, letters, strict=True)
    ]


def test_unknown_and_missing_axes_are_refused():
    with pytest.raises(ValueError, match="axis 'F' is unknown: expected letters from B C T H W"):
        parse("B F", 2)
    with pytest.raises(ValueError, match="names 4 axes, but the shape has 5 dimensions"):
        plots.shape((1, 2, 3, 4, 5), "B C H W")


CLIP = {"pixels": ((1, 3, 9, 64, 96), "B C T H W"), "latent": ((1, 16, 3, 8, 12), "B C T H W")}


def lengths(shown) -> list[float]:
    drawn = shown.select(".ls-ruler .ls-gauge .ls-bar")
    return [float(bar["style"].removeprefix("--ls-at:")) for bar in drawn]


def test_axis_ruler_names_each_axis_in_words_with_its_place_letter_and_size():
    shown = html(plots.axis_ruler(CLIP, **SAID))
    assert [row.select_one(".ls-axis").text for row in shown.select("li")][2] == "2T time"
    assert [row.select_one(".ls-size").text for row in shown.select("li")][5:] == [
        "1",
        "16 was 3",
        "3 was 9",
        "8 was 64",
        "12 was 96",
    ]
    assert [title.text for title in shown.select("p")] == [
        "pixels 165,888 numbers",
        "latent 4,608 numbers",
    ]


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=5))
def test_rulers_differ_in_length_by_the_logarithm_of_their_ratio(sizes):
    shown = html(plots.axis_ruler({"any": (sizes, "B C T H W"[: 2 * len(sizes) - 1])}, **SAID))
    steps = int(shown.select_one(".ls-ruler")["style"].removeprefix("--ls-steps:"))
    for length, size in zip(lengths(shown), sizes, strict=True):
        assert length * steps == pytest.approx(np.log2(size), abs=1e-3 * steps)
        assert 0 <= length <= 1


def test_ruler_has_a_mark_for_each_index_while_they_are_few_and_for_each_doubling():
    shown = html(plots.axis_ruler({"x": ((5, 8, 64), "T H W")}, **SAID))
    counts = [
        (len(bar.select("i")), len(bar.select("i.ls-double"))) for bar in shown.select(".ls-bar")
    ]
    assert counts == [(3, 2), (6, 2), (5, 5)]


def test_an_axis_that_changed_shows_its_former_length():
    shown = html(plots.axis_ruler(CLIP, **SAID))
    former = [row.select_one(".ls-was") for row in shown.select("li")]
    assert [one is not None for one in former] == 5 * [False] + [False] + 4 * [True]
    now = lengths(shown)
    assert float(former[8]["style"].removeprefix("--ls-at:")) == now[3] > now[8]


def test_an_outline_is_that_of_the_tensor_a_title_is_made_of():
    tensors = {"a": ((8,), "T"), "b": ((4,), "T"), "c": ((2,), "T")}
    shown = html(plots.axis_ruler(tensors, made_of={"c": "a"}, **SAID))
    assert [size.text for size in shown.select(".ls-size")] == ["8", "4", "2 was 8"]


def test_ruler_shows_strides_where_they_are_given():
    shown = html(
        plots.axis_ruler(
            {"HWC": ((4, 6, 3), "H W C"), "CHW": ((3, 4, 6), "C H W")},
            strides={"CHW": (1, 18, 3)},
            **SAID,
        )
    )
    assert [size.text for size in shown.select(".ls-size")][2:] == [
        "3",
        "3stride 1",
        "4stride 18",
        "6stride 3",
    ]


@pytest.mark.parametrize(
    ("tensors", "more", "message"),
    [
        ({}, {}, "needs at least one tensor"),
        ({"x": ((1, 3, 8), "B C H W")}, {}, "'B C H W' names 4 axes, but the shape has 3"),
        ({"x": ((1, 3), "B F")}, {}, "axis 'F' is unknown: expected letters from B C T H W D S"),
        ({"x": ((1, 0), "B C")}, {}, "'x': axis 1 has size 0, expected at least 1"),
        ({"x": ((-2, 3), "B C")}, {}, "'x': axis 0 has size -2, expected at least 1"),
        ({"x": ((2, 3), "B C")}, {"strides": {"x": (3,)}}, "'x' has 2 axes, but 1 strides"),
        ({"x": ((2, 3), "B C")}, {"strides": {"y": (3, 1)}}, "'y': expected a title among x"),
        ({"x": ((2, 3), "B C")}, {"made_of": {"x": "y"}}, "'y': expected a title among x"),
        ({"x": ((2, 3), "B C")}, {"strides": {"x": None}}, "'x' has 2 axes, but 0 strides"),
        ({"x": ((2, 3), "B C")}, {"strides": {"x": (None, 1)}}, "'x': axis 0 has stride None, exp"),
        ({"x": ((), "")}, {}, "'x' has no axes: expected a shape such as"),
        ({"x": ((2.5, 3), "B C")}, {}, "'x': axis 0 has size 2.5, expected a whole number"),
        ({"x": ((2, float("nan")), "B C")}, {}, "'x': axis 1 has size nan, expected a whole"),
        ({"x": ((2, 3, 4), "(B T) H W")}, {}, r"has parentheses: .* \(B T\) as B"),
    ],
)
def test_rulers_that_would_mislead_are_refused(tensors, more, message):
    unchecked = getattr(plots.axis_ruler, "__wrapped__", plots.axis_ruler)
    with pytest.raises((ValueError, TypeError), match=message):
        unchecked(tensors, **more, **SAID)


@pytest.mark.parametrize("text", ["T", "B C T H W", "(B T) C H W", "B (T H W) C"])
def test_letters_of_axes_are_colored_in_prose(text):
    assert axis_letters.LETTERS.fullmatch(text)


@pytest.mark.parametrize("text", ["", "BC", "(T)", "(B T C", "B T)", "b c", "A B"])
def test_what_is_no_layout_is_not_colored(text):
    assert not axis_letters.LETTERS.fullmatch(text)


@pytest.mark.parametrize("axis", AXES.values(), ids=lambda axis: axis.name)
def test_letters_of_axes_are_legible_on_both_pages(axis):
    def luminance(color):
        channels = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return linear @ (0.2126, 0.7152, 0.0722)

    for color, page in ((axis.light, "#ffffff"), (axis.dark, "#15181f")):
        low, high = sorted((luminance(color), luminance(page)))
        assert (high + 0.05) / (low + 0.05) >= 4.5


@given(st.integers(1, 60), st.integers(1, 8))
def test_every_frame_stands_in_one_group(frames, temporal):
    shown = html(plots.frame_groups(frames, temporal, caption="Groups."))
    assert [cell.text for cell in shown.select(".ls-cell")] == list(map(str, range(frames)))
    latent = len(shown.select(".ls-group:not(.ls-lost)"))
    assert latent == 1 + (frames - 1) // temporal
    lost = len(shown.select(".ls-lost .ls-cell"))
    assert lost == (frames - 1) % temporal
    assert f"{lost} frame{'' if lost == 1 else 's'} " in shown.select_one(".ls-body")["aria-label"]


def test_no_frames_cannot_be_grouped():
    with pytest.raises(ValueError, match="at least 1, got 0 and 4"):
        plots.frame_groups(0, 4, caption="Nothing.")


def test_bars_are_as_long_as_their_values():
    shown = html(plots.bars({"one": 1.0, "four": 4.0}, unit="MiB", **SAID))
    lengths = [
        float(re.search(r"\* ([\d.]+)\)", bar["style"])[1]) for bar in shown.select(".ls-bar")
    ]
    assert lengths == [0.25, 1.0]
    assert shown.select(".ls-value")[1].text == "4 MiB"


def test_bars_need_something_to_show():
    with pytest.raises(ValueError, match="positive"):
        plots.bars({"none": 0.0}, unit="MiB", **SAID)


def test_pictures_have_their_titles_as_alt_text():
    gray = np.zeros((8, 8, 3), dtype=np.float32)
    shown = html(plots.pictures([(gray, "gray & flat", "note")], **SAID))
    assert shown.img["alt"] == "gray & flat"
    assert shown.img["src"].startswith("data:image/webp;base64,")


def test_riddles_keep_answer_and_right_picture_folded_away():
    gray = np.zeros((8, 8, 3), dtype=np.float32)
    cases = [
        (f"this {n}.", gray, f"seen {n}", f"answer {n}", gray, {"Wrong:": "a < b"}) for n in (1, 2)
    ]
    shown = html(plots.riddles(cases, **SAID))
    meant = [p.text for p in shown.select(".ls-riddles > div > p")]
    assert meant == ["A Meant: this 1.", "B Meant: this 2."]
    assert [img["alt"] for img in shown.select(".ls-riddles > div > img")] == ["seen 1", "seen 2"]
    folded = [details.extract() for details in shown.find_all("details")]
    assert "answer" not in str(shown)
    assert folded[1].p.text == "answer 2 seen 2"
    assert folded[1].code.text == "a < b"
    assert not folded[1].has_attr("open")


@pytest.mark.parametrize("count", [0, 27])
def test_there_are_as_many_riddles_as_letters(count):
    gray = np.zeros((8, 8, 3))
    with pytest.raises(ValueError, match=f"{count} riddles: expected 1 to 26"):
        plots.riddles([("", gray, "", "", gray, {})] * count, **SAID)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((4, 4, 3), np.uint8), r"a picture of uint8: expected floats in \[-1, 1\]"),
        (np.zeros((0, 4, 3)), r"a picture of shape \(0, 4, 3\): expected height × width × 3"),
        (np.full((4, 4, 3), np.nan), r"a picture with NaN: expected values in \[-1, 1\]"),
    ],
)
def test_what_is_no_picture_is_refused(picture, message):
    unchecked = getattr(plots.pictures, "__wrapped__", plots.pictures)
    unframed = getattr(plots._image, "__wrapped__", plots._image)
    with pytest.raises((ValueError, TypeError), match=message):
        unframed(picture)
    with pytest.raises((ValueError, TypeError)):
        unchecked([(picture, "title", "")], **SAID)


def test_table_names_its_rows_and_shows_code():
    shown = html(plots.table(["what", "how"], [["a < b", "`x[0] < 1`"]], **SAID))
    assert [head["scope"] for head in shown.find_all("th")] == ["col", "col", "row"]
    assert shown.code.text == "x[0] < 1" and shown.code.parent["data-head"] == "how"
    with pytest.raises(ValueError, match="the row 'a' has 1 cells: expected 2"):
        plots.table(["what", "how"], [["a"]], **SAID)


def test_heatmap_is_white_at_zero_blue_below_red_above():
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image

    values = np.array([[-1.0, 0.0, 1.0]])
    shown = html(plots.heatmaps([(values, "a row", "")], **SAID))
    below, zero, above = np.asarray(
        Image.open(BytesIO(b64decode(shown.img["src"].split(",")[1]))).convert("RGB")
    )[0].astype(int)
    assert below[2] > below[0] + 50
    assert zero.min() > 240
    assert above[0] > above[2] + 50


def test_chart_is_drawn_twice_alike_and_follows_the_page_colors():
    def draw():
        return plots.curves({"a": ([1, 2], [3, 4])}, x="x", y="y", marks={"here": (1, 3)}, **SAID)

    assert draw() == draw()
    assert "var(--ls-ink)" in draw().body
    assert not re.search(r"#1f2430|#4b45a1", draw().body)


def test_log_axis_has_ticks_at_2_and_5_when_there_is_room():
    def ticks(*ys):
        drawn = plots.curves({"a": ([1, 2], ys)}, x="x", y="y", log_y=True, **SAID)
        return {text.text for text in html(drawn).find_all("text")}

    assert {"2", "5", "10", "20"} <= ticks(1.5, 30)
    assert "1,000" in ticks(0.5, 5000) and "20" not in ticks(0.5, 5000)


@pytest.mark.parametrize("sheet", ["code/latentlab/figure.css", "_static/latent-shapes.css"])
def test_stylesheets_have_the_palette_of_the_axes(sheet):
    text = (ROOT / sheet).read_text(encoding="utf-8")
    for letter, axis in AXES.items():
        colors = re.findall(rf"--(?:ls|axis)-{letter}: (#\w+)", text)
        assert colors == [axis.light, axis.dark]


def test_quote_gives_line_and_version():
    found = quote("diffusers", "models/autoencoders/vae.py", "torch.chunk(parameters, 2")
    assert found.text == "self.mean, self.logvar = torch.chunk(parameters, 2, dim=1)"
    assert f"v{found.version}/src/diffusers/" in found._repr_mimebundle_()["text/html"]


def test_quote_of_torch_names_the_version_without_the_build():
    found = quote("torch", "_torch_docs.py", "with its dimensions permuted")
    assert re.fullmatch(r"[\d.]+", found.version)
    assert (
        f"pytorch/blob/v{found.version}/torch/_torch_docs.py#L"
        in found._repr_mimebundle_()["text/html"]
    )


def test_quote_of_something_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"no line of diffusers .* contains 'no such line'"):
        quote("diffusers", "models/autoencoders/vae.py", "no such line")
    with pytest.raises(ValueError, match="'numpy' cannot be quoted: expected one of"):
        quote("numpy", "version.py", "version")
