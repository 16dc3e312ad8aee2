"""Every figure the labs share. Diagrams are HTML, charts are SVG, photographs are WebP."""

import io
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, log2, prod
from string import ascii_uppercase

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image

from latentlab import axes
from latentlab.figure import Figure, Kind

Picture = Float[np.ndarray, "height width colors"]  # 3, or 4 with opacity
Clip = Float[np.ndarray, "frames height width colors"]
Number = int | float
Map = Float[np.ndarray, "height width"]
Seen = Bool[np.ndarray, "outputs inputs"]

INK, SOFT, LINE = "#1f2430", "#5a6372", "#d5d9e0"
FEW_DECADES = 300  # a log axis up to this ratio also has ticks at 2 and 5
WIDE = 4  # times as wide as high, and a riddle's picture has a row for itself
FEW_INDICES = 8  # a ruler up to this size has a mark for each index
SERIES = (("#4b45a1", "o"), ("#8a6d00", "s"), ("#7a7f8a", "^"), (INK, "D"))  # not of an axis
_THEMED = {
    "#4b45a1": "var(--ls-accent)",
    "#8a6d00": "var(--ls-ochre)",
    INK: "var(--ls-ink)",
    SOFT: "var(--ls-soft)",
    LINE: "var(--ls-line)",
}


def shape(dims: Sequence[int], names: str) -> str:
    """Markup for a shape: one colored chip a dimension, with its axis letter.

    Raises ValueError when `names` does not name every dimension.
    """
    chips = (
        f'<span class="ls-dim" style="--axis:var(--ls-{axis.letter})">{dim} '
        f"<small>{axis.letter}</small></span> "
        for dim, axis in zip(dims, axes.parse(names, len(dims)), strict=True)
    )
    return f'<span class="ls-shape">{"".join(chips)}</span>'


def path(
    lanes: Mapping[str, Sequence[tuple[str, tuple[int, ...], str, str]]],
    *,
    alt: str,
    caption: str,
    kind: Kind = "computed here",
) -> Figure:
    """The way of the data, one lane a title. A step is (arrow, shape, axis names, place).

    `arrow` says what happened on the way to this shape; it is empty for a lane's first step.
    """
    return Figure("".join(_lanes(lanes)), alt, caption, kind)


def _lanes(
    lanes: Mapping[str, Sequence[tuple[str, tuple[int, ...], str, str]]],
) -> list[str]:
    drawn = ['<div class="ls-lanes">']
    for title, steps in lanes.items():
        drawn.append(f'<div><p class="ls-title">{escape(title)}</p><ul class="ls-path">')
        for arrow, dims, names, place in steps:
            if arrow:
                drawn.append(f'<li class="ls-arrow">{escape(arrow)}</li>')
            drawn.append(
                f'<li>{shape(dims, names)} <span class="ls-place">{escape(place)}</span></li>'
            )
        drawn.append("</ul></div>")
    return [*drawn, "</div>"]


def axis_ruler(
    tensors: Mapping[str, tuple[Sequence[int], str]],
    *,
    alt: str,
    caption: str,
    kind: Kind = "computed here",
    strides: Mapping[str, Sequence[int]] | None = None,
    made_of: Mapping[str, str] | None = None,
) -> Figure:
    """Tensors one above the other, a ruler for each axis, all on one logarithmic scale.

    `tensors` maps a title to a shape and its axis names. A ruler has a mark for each doubling, and
    one for each index while they are few; a dashed outline is the length that the axis of this
    letter had before. Before is in the tensors above, or, with `made_of`, in the one that a title
    is made of there; a title that it does not have has no outlines. `strides` adds, for the titles
    it names, how many elements lie from one index to the next.

    Raises ValueError for an axis without a name, an unknown name, a size below 1, no tensor or no
    axis at all, strides that do not fit, or a title that is not there; TypeError for a size or
    stride that is no whole number.
    """
    if not tensors:
        raise ValueError("an axis ruler needs at least one tensor: a title, a shape, axis names")
    strides = strides or {}
    asked = {"strides of": strides, "made_of has": [*(made_of or {}), *(made_of or {}).values()]}
    for what, titles in asked.items():
        if unknown := [title for title in titles if title not in tensors]:
            known = ", ".join(tensors)
            raise ValueError(f"{what} {unknown[0]!r}: expected a title among {known}")
    if empty := [title for title, (dims, _) in tensors.items() if not len(dims)]:
        raise ValueError(f"{empty[0]!r} has no axes: expected a shape such as (3, 64, 96)")
    named = {
        title: list(
            zip(axes.parse(names, len(dims)), axes.sizes(dims, repr(title), least=1), strict=True)
        )
        for title, (dims, names) in tensors.items()
    }
    steps = max(1, ceil(log2(max(size for rows in named.values() for _, size in rows))))
    drawn, before = [], dict[str, int]()
    for title, rows in named.items():
        if made_of is not None:
            origin = named[made_of[title]] if title in made_of else []
            before = {axis.letter: size for axis, size in origin}
        count = prod(size for _, size in rows)
        numbers = f"{count:,} number{'' if count == 1 else 's'}"
        drawn.append(f"<p>{escape(title)} <small>{numbers}</small></p><ol>")
        notes = _notes(title, strides[title], len(rows)) if title in strides else [""] * len(rows)
        for place, (axis, size) in enumerate(rows):
            was = before.get(axis.letter, size)
            drawn.append(_ruler(place, axis, size, was, steps, notes[place]))
        drawn.append("</ol>")
        before |= {axis.letter: size for axis, size in rows}
    labels = range(0, steps + 1, 3 if steps > 5 else 1)
    scale = "".join(f'<span style="--ls-at:{at / steps:.4f}">{2**at:,}</span>' for at in labels)
    drawn.append(f'<span class="ls-scale" aria-hidden="true">{scale}</span>')
    body = f'<div class="ls-ruler" style="--ls-steps:{steps}">{"".join(drawn)}</div>'
    said = f"{caption} One scale for all: each line to the right is a doubling."
    return Figure(body, alt, said, kind)


def _notes(title: str, strides: Sequence[object] | None, rank: int) -> list[str]:
    given = axes.strides(strides or (), repr(title))
    if len(given) != rank:
        raise ValueError(f"{title!r} has {rank} axes, but {len(given)} strides")
    return [f"stride {stride:,}" for stride in given]


def _ruler(place: int, axis: axes.Axis, size: int, was: int, steps: int, note: str) -> str:
    marks = range(2, size) if size <= FEW_INDICES else [2**at for at in range(1, ceil(log2(size)))]
    ticks = "".join(
        f'<i class="ls-double" style="--ls-at:{log2(mark) / log2(size):.4f}"></i>'
        if mark & (mark - 1) == 0
        else f'<i style="--ls-at:{log2(mark) / log2(size):.4f}"></i>'
        for mark in marks
    )
    outline = changed = ""
    if was != size:
        outline = f'<span class="ls-was" style="--ls-at:{log2(was) / steps:.4f}"></span>'
        changed = f" was {was:,}"
    return (
        f'<li style="--axis:var(--ls-{axis.letter})"><span class="ls-axis">'
        f'<span class="ls-place">{place}</span><b>{axis.letter}</b> {axis.name}</span>'
        f'<span class="ls-gauge" aria-hidden="true">{outline}'
        f'<span class="ls-bar" style="--ls-at:{log2(size) / steps:.4f}">{ticks}</span></span>'
        f'<span class="ls-size"><b>{size:,}</b>{changed}'
        f"{f'<span>{note}</span>' if note else ''}</span></li>"
    )


def frame_groups(frames: int, temporal: int, *, caption: str) -> Figure:
    """Which frames share a latent frame in a causal VAE, and which are left over.

    `frames` counts pixel frames, `temporal` frames per latent frame after the first.
    """
    if frames < 1 or temporal < 1:
        raise ValueError(f"frames and temporal must be at least 1, got {frames} and {temporal}")
    kept = 1 + (frames - 1) // temporal * temporal
    groups = [range(1), *(range(i, i + temporal) for i in range(1, kept, temporal))]
    drawn = [_group(group, f"z{index}") for index, group in enumerate(groups)]
    if kept < frames:
        drawn.append(_group(range(kept, frames), "dropped", lost=True))
    alt = f"{frames} frames: frame 0 alone, then groups of {temporal}, give {len(groups)} latent "
    left = frames - kept
    alt += f"frames; {left} {'frame is' if left == 1 else 'frames are'} left over."
    return Figure(f'<div class="ls-groups">{"".join(drawn)}</div>', alt, caption)


def _group(frames: range, label: str, *, lost: bool = False) -> str:
    cells = " ".join(f'<span class="ls-cell">{frame}</span>' for frame in frames)
    return (
        f'<div class="ls-group{" ls-lost" if lost else ""}"><div class="ls-cells">{cells}</div>'
        f'<div class="ls-latent">{label}</div></div>'
    )


def reach(grids: Mapping[str, Seen], *, alt: str, caption: str, output: str = "z") -> Figure:
    """Which inputs each output has seen: a row an output, a column an input, one grid a title.

    `output` is the letter of a row's name.
    """
    drawn = []
    for title, seen in grids.items():
        rows = "".join(
            f'<span class="ls-name">{output}{index}</span>'
            + "".join(f'<span class="{"ls-on" if cell else "ls-off"}"></span>' for cell in row)
            for index, row in enumerate(seen)
        )
        head = "".join(f'<span class="ls-name">{frame}</span>' for frame in range(seen.shape[1]))
        drawn.append(
            f'<div><p class="ls-title">{escape(title)}</p>'
            f'<div class="ls-reach" style="--ls-count:{seen.shape[1]}"><span></span>{head}{rows}'
            "</div></div>"
        )
    return Figure(f'<div class="ls-stack">{"".join(drawn)}</div>', alt, caption)


def strips(
    rows: Mapping[str, str],
    counts: Sequence[int],
    meaning: Mapping[str, str],
    *,
    alt: str,
    caption: str,
) -> Figure:
    """One mark a count, one row a name. `meaning` says in words what each mark stands for.

    Raises ValueError when a row has not one mark for each count, or a mark without meaning.
    """
    for name, marks in rows.items():
        if len(marks) != len(counts) or not set(marks) <= set(meaning):
            raise ValueError(f"{name} needs {len(counts)} marks from {''.join(meaning)}: {marks!r}")
    look = {mark: f"ls-mark-{index}" for index, mark in enumerate(meaning)}
    ticks = "".join(f"<span>{n if n % 8 == 1 else ''}</span>" for n in counts)
    drawn = [f'<span></span><span class="ls-strip ls-ticks">{ticks}</span>']
    for name, marks in rows.items():
        cells = "".join(f'<span class="{look[mark]}">{mark}</span>' for mark in marks)
        drawn.append(
            f'<span class="ls-label">{escape(name)}</span><span class="ls-strip">{cells}</span>'
        )
    legend = "".join(
        f'<li><span class="{look[mark]}">{mark}</span> {escape(words)}</li>'
        for mark, words in meaning.items()
    )
    body = (
        f'<div class="ls-strips" style="--ls-count:{len(counts)}">{"".join(drawn)}</div>'
        f'<ul class="ls-legend">{legend}</ul>'
    )
    return Figure(body, alt, caption)


def bars(
    rows: Mapping[str, Number],
    *,
    unit: str,
    alt: str,
    caption: str,
    kind: Kind = "computed here",
    precision: str = ",.4g",
) -> Figure:
    """Lengths side by side on a linear scale from zero. Values are in `unit`."""
    longest = max(rows.values())
    if longest <= 0:
        raise ValueError(f"bars need a positive value, the largest is {longest}")
    room = f"100% - {4 + 0.5 * len(unit)}rem"  # what a value takes beside its bar
    drawn = "".join(
        f'<span class="ls-label">{escape(label)}</span><span class="ls-track">'
        f'<span class="ls-bar" style="width:calc(({room}) * {value / longest:.4f})"></span>'
        f'<span class="ls-value">{value:{precision}} {escape(unit)}</span></span>'
        for label, value in rows.items()
    )
    return Figure(f'<div class="ls-bars">{drawn}</div>', alt, caption, kind)


def pictures(
    tiles: Sequence[tuple[Picture, str, str]],
    *,
    alt: str,
    caption: str,
    kind: Kind = "computed here",
    columns: int | None = None,
    cells: bool = False,
) -> Figure:
    """Photographs in a grid. A tile is (picture, title, note); values lie in [-1, 1], H W C.

    `columns` fixes how many stand in a row; otherwise as many as fit the page.
    `cells` is for pictures of few pixels, each of which is to be seen.
    """
    encode = _exact if cells else _webp
    drawn = (_tile(encode(picture), title, note, cells=cells) for picture, title, note in tiles)
    return _grid("".join(drawn), columns, alt, caption, kind)


def riddles(
    cases: Sequence[tuple[str, Picture, str, str, Picture, Mapping[str, str]]],
    *,
    alt: str,
    caption: str,
    kind: Kind = "computed here",
) -> Figure:
    """Pictures that went wrong, lettered, each with its answer folded away beneath it.

    A case is (what was meant, wrong picture, what is seen in it, answer, right picture, lines of
    code by label). What is seen stands in the answer, and is told before it to those who cannot
    see.

    Raises ValueError for more cases than letters, and for none.
    """
    if not 1 <= len(cases) <= len(ascii_uppercase):
        raise ValueError(
            f"{len(cases)} riddles: expected 1 to {len(ascii_uppercase)}, a letter each"
        )
    drawn = []
    for letter, case in zip(ascii_uppercase, cases, strict=False):
        meant, wrong, seen, answer, right, lines = case
        wide = ' class="ls-wide"' if wrong.shape[1] > WIDE * wrong.shape[0] else ""
        code = "".join(
            f"<dt>{escape(label)}</dt><dd><code>{escape(line)}</code></dd>"
            for label, line in lines.items()
        )
        drawn.append(
            f"<div{wide}><p>{letter} <span>Meant: {escape(meant)}</span></p>"
            f'<img alt="{escape(seen)}" src="{_light(wrong)}">'
            f"<details><summary>What happened in {letter}?</summary>"
            f"<p>{escape(answer)} <span>{escape(seen)}</span></p>"
            f'<img alt="The right picture." src="{_light(right)}"><dl>{code}</dl></details></div>'
        )
    return Figure(f'<div class="ls-riddles">{"".join(drawn)}</div>', alt, caption, kind)


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    alt: str,
    caption: str,
    kind: Kind = "computed here",
) -> Figure:
    """A table whose first column names the row. Text between two backticks is code.

    Raises ValueError when a row has not one cell for each heading.
    """
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"the row {row[0]!r} has {len(row)} cells: expected {len(head)}")
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    drawn = (
        f'<tr><th scope="row">{_marked(row[0])}</th>'
        + "".join(
            f'<td data-head="{escape(name)}">{_marked(text)}</td>'
            for name, text in zip(head[1:], row[1:], strict=True)
        )
        + "</tr>"
        for row in rows
    )
    body = f"<thead><tr>{top}</tr></thead><tbody>{''.join(drawn)}</tbody>"
    return Figure(f'<table class="ls-rows">{body}</table>', alt, caption, kind)


def _marked(text: str) -> str:
    return re.sub("`(.+?)`", r"<code>\1</code>", escape(text))


def moving(
    clips: Mapping[str, Clip],
    *,
    alt: str,
    caption: str,
    kind: Kind = "computed here",
    rate: int = 12,
) -> Figure:
    """Clips in a grid, each a loop of `rate` frames a second, values in [-1, 1].

    The reader can close them, and sees first frames alone where motion is not wanted.
    """
    drawn = []
    for title, clip in clips.items():
        still, *others = (_image(frame) for frame in clip)
        loop = _data_uri(
            still,
            "webp",
            save_all=True,
            append_images=others,
            duration=round(1000 / rate),
            loop=0,
            quality=60,
            method=6,
        )
        drawn.append(
            '<figure><picture><source media="(prefers-reduced-motion: reduce)" '
            f'srcset="{_data_uri(still, "webp", quality=60, method=6)}">'
            f'<img alt="{escape(title)}" src="{loop}"></picture>'
            f"<figcaption>{escape(title)}</figcaption></figure>"
        )
    body = (
        '<details class="ls-moving" open><summary>In motion. Close it to stop.</summary>'
        f'<div class="ls-pictures">{"".join(drawn)}</div></details>'
    )
    return Figure(body, alt, caption, kind)


def heatmaps(
    tiles: Sequence[tuple[Map, str, str]],
    *,
    alt: str,
    caption: str,
    kind: Kind = "computed here",
    columns: int | None = None,
    limit: float | None = None,
) -> Figure:
    """Single channels in a grid, zero in the middle of the color scale: blue below, red above.

    Each map is scaled by its own largest magnitude, or all by `limit` when it is given.
    """
    drawn = (
        _tile(_exact(painted(values, limit)), title, note, cells=True)
        for values, title, note in tiles
    )
    return _grid("".join(drawn), columns, alt, caption, kind)


def painted(values: Map, limit: float | None = None) -> Picture:
    """A channel as a picture: blue below zero, red above, white at zero.

    `limit` is the magnitude of the darkest colors, the map's own largest one unless it is given.
    """
    from matplotlib import colormaps

    largest = limit or float(np.abs(values).max()) or 1.0
    return 2 * colormaps["RdBu_r"](values / (2 * largest) + 0.5)[..., :3] - 1


def _grid(drawn: str, columns: int | None, alt: str, caption: str, kind: Kind) -> Figure:
    look = f' style="--ls-columns:repeat({columns}, 1fr)"' if columns else ""
    return Figure(f'<div class="ls-pictures"{look}>{drawn}</div>', alt, caption, kind)


def _tile(source: str, title: str, note: str, *, cells: bool = False) -> str:
    look = ' class="ls-cells-image"' if cells else ""
    note = f"<span>{escape(note)}</span>" if note else ""
    return (
        f'<figure><img{look} alt="{escape(title)}" src="{source}">'
        f"<figcaption>{escape(title)}{note}</figcaption></figure>"
    )


def _webp(picture: Picture) -> str:
    return _data_uri(_image(picture), "webp", quality=80, method=6)


def _light(picture: Picture) -> str:
    return _data_uri(_image(picture), "webp", quality=40, method=6)


def _exact(picture: Picture) -> str:
    return _data_uri(_image(picture), "webp", lossless=True, quality=100, method=6)


def _image(picture: Picture) -> Image.Image:
    if np.asarray(picture).dtype.kind != "f":
        raise TypeError(f"a picture of {np.asarray(picture).dtype}: expected floats in [-1, 1]")
    if np.ndim(picture) != 3 or np.size(picture) == 0:
        raise ValueError(f"a picture of shape {np.shape(picture)}: expected height × width × 3")
    if np.isnan(picture).any():
        raise ValueError("a picture with NaN: expected values in [-1, 1]")
    return Image.fromarray(np.rint((np.clip(picture, -1, 1) + 1) * 127.5).astype(np.uint8))


def _data_uri(image: Image.Image, encoding: str, **options: object) -> str:
    buffer = io.BytesIO()
    image.save(buffer, encoding, **options)
    return f"data:image/{encoding};base64,{b64encode(buffer.getvalue()).decode()}"


def curves(
    lines: Mapping[str, tuple[Sequence[Number], Sequence[Number]]],
    *,
    x: str,
    y: str,
    alt: str,
    caption: str,
    kind: Kind = "computed here",
    marks: Mapping[str, tuple[Number, Number]] | None = None,
    dots: bool = False,
    points: bool = True,
    log_x: bool = False,
    log_y: bool = False,
) -> Figure:
    """A chart of lines. `lines` maps a name to its x and y values; `marks` labels single points.

    `dots` draws the points without joining them, `points=False` the lines alone. A tick is twice
    the last one with `log_x`, and ten times the last one with `log_y`, with 2 and 5 between them
    when there is room.
    """
    from matplotlib.figure import Figure as Canvas
    from matplotlib.ticker import LogLocator

    canvas = Canvas(figsize=(5.6, 3.1), layout="constrained")
    chart = canvas.add_subplot()
    for (name, (xs, ys)), (hue, marker) in zip(lines.items(), SERIES, strict=False):
        chart.plot(
            xs,
            ys,
            label=name,
            color=hue,
            linewidth=0 if dots else 2,
            marker=marker if points else None,
            markersize=3.5 if dots else 5,
        )
    for text, (at_x, at_y) in (marks or {}).items():
        chart.plot(at_x, at_y, "o", color=INK, markersize=7)
        chart.annotate(text, (at_x, at_y), (-4, 12), textcoords="offset points", color=INK)
    if log_x:
        chart.set_xscale("log", base=2)
        chart.xaxis.set_major_formatter("{x:g}")
    if log_y:
        chart.set_yscale("log", base=10)
        chart.yaxis.set_major_formatter("{x:,g}")
        low, high = chart.get_ylim()
        if high / low < FEW_DECADES:
            chart.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
            chart.yaxis.set_minor_formatter("{x:,g}")
    chart.set_xlabel(x, color=INK)
    chart.set_ylabel(y, color=INK)
    chart.tick_params(colors=SOFT, which="both")
    chart.grid(color=LINE, linewidth=0.6)
    chart.spines[["top", "right"]].set_visible(False)
    chart.spines[["bottom", "left"]].set_color(LINE)
    if len(lines) > 1:
        chart.legend(frameon=False, labelcolor=INK)
    return Figure(_svg(canvas), alt, caption, kind)


def _svg(canvas: object) -> str:
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "latent-shapes", "font.size": 12}):
        canvas.savefig(  # type: ignore[attr-defined]
            buffer,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None},
        )
    svg = buffer.getvalue()
    svg = re.sub("<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    for fixed, themed in _THEMED.items():
        svg = svg.replace(fixed, themed)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
