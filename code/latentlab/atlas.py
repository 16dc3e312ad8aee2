"""The atlas: model families in one table, and the way of a request through each of them.

    >>> trace("wan-2-1", height=720, width=1280, frames=81).latent
    (1, 16, 21, 90, 160)

Standard library only. The table is atlas.toml; tests/test_atlas.py holds it, and `trace`, to what
the classes of diffusers do.
"""

import difflib
import math
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from latentlab import large_layers

TABLE = Path(__file__).with_suffix(".toml")
BYTES = {"fp32": 4, "fp16": 2, "bf16": 2}
LIBRARIES = {"diffusers": "diffusers", "diffsynth": "DiffSynth-Studio"}
LIMITS = {"batch": 4096, "frames": 65_536, "height": 65_536, "width": 65_536}

FOLLOWED = (
    *("title", "medium", "latent_channels", "space", "time", "tile", "smallest_decoded"),
    *("largest_batch", "pipeline_axes", "patch", "pack", "pad_time", "divisible"),
    *("pipeline_rounds", "diffsynth", "large"),
)

Shape = tuple[int, ...]


class RefusedError(ValueError):
    """The library raises for this request: it cannot be encoded, or not decoded again."""


@dataclass(frozen=True)
class Family:
    """One entry of the table. `space` and `time` hold `factor` and `rule`; time is None for images.

    `medium` is "image", "video" (the VAE has a time axis) or "frames" (an image VAE, a clip folded
    into its batch). `patch` is the denoiser's patch as (T, H, W), None for a UNet. `tile` is there
    for a VAE that only works in tiles: `kernel` and `stride` as [T, H, W]. `library` says whose
    treatment of a request this is; `diffsynth` is None where DiffSynth-Studio was not read.
    `large` names what the class does to a clip of many pixels, in large_layers.py. `reported` is
    how well its authors' weights rebuild pictures: `psnr` in dB, and `rfid`.
    """

    name: str
    title: str
    medium: Literal["image", "video", "frames"]
    class_name: str
    config: Mapping[str, Any]
    latent_channels: int
    space: Mapping[str, Any]
    parameters: int
    decoder_parameters: int
    tiles: bool
    slices: bool
    sources: tuple[Mapping[str, str], ...]
    time: Mapping[str, Any] | None = None
    tile: Mapping[str, list[int]] | None = None
    smallest_decoded: int = 1
    largest_batch: int | None = None
    needs_tiling: bool = False
    large: str | None = None
    scaling: Mapping[str, Any] = field(default_factory=dict)
    reported: Mapping[str, float] = field(default_factory=dict)
    pipeline_axes: str | None = None
    patch: Shape | None = None
    pack: str | None = None
    pad_time: bool = False
    divisible: int | None = None
    pipeline_rounds: bool = False
    diffsynth: Mapping[str, Any] | None = None
    library: str = "diffusers"

    @property
    def rounding(self) -> Mapping[str, Any]:
        """What the library's pipeline rounds up to before its VAE sees the request."""
        return self.diffsynth or {} if self.library == "diffsynth" else {}


@dataclass(frozen=True)
class Step:
    """One station of a request: its shape, the names of its axes, its size in bytes."""

    name: str
    shape: Shape
    axes: str
    bytes: int


@dataclass(frozen=True)
class Trace:
    """The whole way of a request. `warnings` says in words what a reader should know."""

    family: Family
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)

    @property
    def pixels(self) -> Shape:
        """What goes in, with its frames and sides after correction by the chosen policy."""
        return self.steps[0].shape

    @property
    def latent(self) -> Shape:
        """What the VAE returns, without the log-variance."""
        return next(step.shape for step in self.steps if step.name == "latent")

    @property
    def tokens(self) -> Shape | None:
        """The sequence that the denoiser attends over, as B S C; None without one."""
        found = self.step("tokens")
        return found.shape if found else None

    @property
    def decoded(self) -> Shape:
        """What the VAE makes of the latent, in the axes in which it returns it."""
        return self.steps[-1].shape

    @property
    def element_compression(self) -> float:
        """How many times fewer numbers the latent has than the pixels."""
        return math.prod(self.pixels) / math.prod(self.latent)

    @property
    def position_compression(self) -> float:
        """How many times fewer positions (all axes but B and C) the latent has."""
        channels = 3 / self.family.latent_channels
        return self.element_compression / channels


@cache
def families() -> dict[str, Family]:
    """All families by name. Raises ValueError, with the entry's name, for a malformed table."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: _family(name, dict(entry)) for name, entry in table.items()}


def as_json() -> dict[str, dict[str, Any]]:
    """The part of the table that `trace` needs, as plain data: what the page computes with."""
    return {
        entry.name: {item: getattr(entry, item) for item in FOLLOWED}
        for entry in families().values()
    }


def _family(name: str, entry: dict[str, Any]) -> Family:
    known = {item: entry.pop(item) for item in list(entry) if item in Family.__dataclass_fields__}
    class_name = entry.pop("class", None)
    if entry or class_name is None:
        what = f"has unknown keys {', '.join(entry)}" if entry else "has no class"
        raise ValueError(f"atlas.toml: the entry {name!r} {what}")
    known["sources"] = tuple(known["sources"])
    known.setdefault("config", {})
    if "patch" in known:
        known["patch"] = tuple(known["patch"])
    for axis, rules in (("space", SIDES), ("time", FRAMES)):
        if axis in known and known[axis]["rule"] not in rules:
            raise ValueError(
                f"atlas.toml: {name!r} has the {axis} rule {known[axis]['rule']!r}: "
                f"expected one of {', '.join(rules)}"
            )
    return Family(name=name, class_name=class_name, **known)


def family(name: str, library: str = "diffusers") -> Family:
    """One family by name, as `library` treats it. Raises ValueError that offers what there is."""
    if library not in LIBRARIES:
        raise ValueError(f"library {library!r}: expected one of {', '.join(LIBRARIES)}")
    if name in families():
        entry = families()[name]
        if library == "diffsynth" and entry.diffsynth is None:
            known = ", ".join(other.name for other in families().values() if other.diffsynth)
            raise ValueError(
                f"{entry.title} in DiffSynth-Studio is not in the atlas; there are {known}"
            )
        return entry if library == entry.library else replace(entry, library=library)
    near = difflib.get_close_matches(str(name), families(), n=3, cutoff=0.3) or list(families())[:3]
    raise ValueError(f"there is no family {name!r} in the atlas; the nearest are {', '.join(near)}")


# What happens to a side of n pixels: cells, or None where the library raises.
SIDES: dict[str, Callable[[int, Mapping[str, Any]], int | None]] = {
    # Convolutions of stride two drop the rest: 1023 pixels, 127 cells of 8.
    "floor": lambda n, space: n // space["factor"] or None,
    # Padding fills the last cell; LTX-Video first cuts into patches of `multiple` pixels.
    "ceil": lambda n, space: None if n % space.get("multiple", 1) else -(-n // space["factor"]),
    # A reshape raises unless the side divides.
    "exact": lambda n, space: None if n % space["factor"] else n // space["factor"],
    # Cosmos: wavelet patches of 4, then halves of two kinds that must agree. An odd number of
    # patches raises, but for three: there one of the halves has length 1 and is broadcast.
    "cosmos": lambda n, space: None if n % 8 in (1, 2, 3, 4) and not 9 <= n <= 12 else -(-n // 8),
}

# What happens to n frames: (latent frames, frames that come back), or None where it raises.
FRAMES: dict[str, Callable[[int, int], tuple[int, int] | None]] = {
    # The first frame alone, then groups; a rest is dropped.
    "floor": lambda n, t: (1 + (n - 1) // t, 1 + (n - 1) // t * t),
    # The same, but a rest raises.
    "exact": lambda n, t: None if (n - 1) % t else (1 + (n - 1) // t, n),
    # CogVideoX decodes latent frames in pairs: only an odd number has a first frame alone.
    "cogvideox": lambda n, t: (
        1 + (n - 1) // t,
        t * (1 + (n - 1) // t) - (t - 1) * ((1 + (n - 1) // t) % 2),
    ),
    # Cosmos repeats the first frame before its wavelet, which moves the steps of the staircase.
    "cosmos": lambda n, t: (1 + (n + 2) // t, 1 + (n + 2) // t * t),
    # Allegro has no first frame alone.
    "allegro": lambda n, t: (n // t, n // t * t),
}


def trace(
    name: str,
    *,
    height: int,
    width: int,
    frames: int | None = None,
    batch: int = 1,
    dtype: str = "bf16",
    on_invalid: str = "error",
    library: str = "diffusers",
) -> Trace:
    """Follow a request from pixels to latent, tokens and decoded pixels.

    `height` and `width` are pixels; `frames` is needed for video (1 for a single image) and
    refused for images. `dtype` is fp32, fp16 or bf16 and only counts bytes. A request is invalid
    when the library raises for it or returns another size. Then `on_invalid` decides: "error"
    raises ValueError with the nearest valid values, "library" does what the library does (and
    raises `RefusedError` where it raises), "nearest" takes the nearest valid request. `library` is
    "diffusers", the VAE's class as the tests execute it, or "diffsynth", DiffSynth-Studio, whose
    pipeline first rounds up.
    """
    entry = family(name, library)
    request = _checked(entry, height=height, width=width, frames=frames, batch=batch)
    if dtype not in BYTES:
        raise ValueError(f"dtype {dtype!r} is unknown: expected one of {', '.join(BYTES)}")
    if on_invalid not in ("error", "library", "nearest"):
        raise ValueError(f"on_invalid {on_invalid!r}: expected 'error', 'library' or 'nearest'")
    complaints = list(_complaints(entry, request))
    if complaints and on_invalid == "error":
        raise ValueError("; ".join(complaints))
    if complaints and on_invalid == "nearest":
        request = _nearest(entry, request)
    elif complaints and entry.rounding:
        request = _rounded_up(entry, request)
        frames_too = f", {request.frames} frames" if request.frames else ""
        size = f"{request.height} × {request.width}{frames_too}"
        complaints.append(f"{LIBRARIES[library]} rounds the request up to {size}")
    return _follow(entry, request, BYTES[dtype], complaints)


@dataclass(frozen=True)
class _Request:
    batch: int
    frames: int | None
    height: int
    width: int


def _checked(entry: Family, **asked: int | None) -> _Request:
    for what, value in asked.items():
        if what == "frames" and value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{what} must be a whole number, got {value!r}")
        if not 1 <= value <= LIMITS[what]:
            inside = min(max(value, 1), LIMITS[what])
            nearest = _pick(inside, lambda n, what=what: _is_valid(entry, what, n))  # type: ignore[misc]
            raise ValueError(
                f"{what} {value} is outside 1 to {LIMITS[what]}; the nearest valid is {nearest}"
            )
    if entry.medium == "image" and asked["frames"] is not None:
        raise ValueError(f"{entry.title} makes images: leave `frames` out")
    if entry.medium != "image" and asked["frames"] is None:
        raise ValueError(f"{entry.title} needs `frames`: 1 for a single image")
    return _Request(**asked)  # type: ignore[arg-type]


def _cells(entry: Family, side: int) -> int | None:
    return SIDES[entry.space["rule"]](side, entry.space)


def _latent_frames(entry: Family, frames: int | None) -> tuple[int, int] | None:
    """Latent frames, and frames that come back, by the family's frame rule."""
    if entry.time is None or frames is None:
        return (frames or 1, frames or 1)
    return FRAMES[entry.time["rule"]](frames, entry.time["factor"])


def _times(entry: Family, request: _Request) -> tuple[int, int] | None:
    """The same for a whole request: in a large one, some classes do not follow their own rule."""
    times = _latent_frames(entry, request.frames)
    if entry.large == "mochi" and request.frames:
        return large_layers.mochi(request.batch, request.frames, request.height, request.width)
    if entry.large == "cogvideox" and times:
        sides = [_cells(entry, side) or 0 for side in (request.height, request.width)]
        tall, wide = (side * entry.space["factor"] for side in sides)
        return times if large_layers.cogvideox(request.batch, times[0], tall, wide) else None
    return times


def _is_too_large(entry: Family, request: _Request) -> bool:
    return _times(entry, request) != _latent_frames(entry, request.frames)


def _is_valid(entry: Family, what: str, value: int) -> bool:
    """Whether this batch, frames, height or width is encoded, decoded, and comes back whole."""
    if value > LIMITS[what]:
        return False
    if what == "batch":
        return value <= (entry.largest_batch or value)
    if what == "frames" and "time" in entry.rounding:
        return (value - 1) % entry.rounding["time"] == 0
    if what != "frames" and value % entry.rounding.get("multiple", 1):
        return False
    if not reached_by_tiles(entry, what, value):
        return False
    if what == "frames":
        times = _latent_frames(entry, value)
        return times is not None and times[1] == value
    cells = _cells(entry, value)
    whole = cells is not None and cells * entry.space["factor"] == value
    return whole and value >= entry.smallest_decoded


def reached_by_tiles(entry: Family, what: str, value: int) -> bool:
    """Whether the last tile ends where the frames, height or width end. Beyond it all is blank."""
    if entry.tile is None:
        return True
    kernel, stride = _along(entry.tile, what)
    return value >= kernel and (value - kernel) % stride == 0


def _along(tile: Mapping[str, list[int]], what: str) -> tuple[int, int]:
    axis = ("frames", "height", "width").index(what)
    return tile["kernel"][axis], tile["stride"][axis]


def _complaints(entry: Family, request: _Request) -> Iterator[str]:
    """What is invalid, each with the rule and the nearest valid values."""
    for what, value in vars(request).items():
        if value is None or _is_valid(entry, what, value):
            continue
        if what == "batch":
            yield f"batch {value}: {entry.title} takes {entry.largest_batch} at a time"
            continue
        near = _around(value, lambda n, what=what: _is_valid(entry, what, n))  # type: ignore[misc]
        if what == "frames":
            yield f"{value} frames: {_title(entry)} encodes {frame_rule(entry)}; {near}"
        else:
            yield f"{what} {value}: {_title(entry)} encodes {_side_rule(entry, what)}; {near}"
    if _is_too_large(entry, request):
        made, fits = _times(entry, request), _nearest(entry, request)
        yield (
            f"batch × height × width {request.batch} × {request.height} × {request.width}: "
            f"{entry.title} splits layers of this size along T, and "
            + (f"makes {made[0]} latent frames" if made else "raises")
            + f"; {fits.batch} × {fits.height} × {fits.width} fits"
        )


def _title(entry: Family) -> str:
    if entry.library == "diffusers":
        return entry.title
    return f"{entry.title} in {LIBRARIES[entry.library]}"


def _side_rule(entry: Family, what: str) -> str:
    if entry.tile:
        kernel, stride = _along(entry.tile, what)
        return f"{stride}k+{kernel}"
    return f"multiples of {entry.rounding.get('multiple', entry.space['factor'])}"


def frame_rule(entry: Family) -> str:
    """The frame counts that come back whole, such as "4k+1". For families with a time axis.

    CogVideoX has two: 8k+1, where the first frame stands alone, and 8k, where none does. Allegro's
    is that of its tiles, k more of them after the first.
    """
    assert entry.time is not None
    factor, rule = entry.time["factor"], entry.time["rule"]
    if entry.tile:
        kernel, stride = _along(entry.tile, "frames")
        return f"{stride}k+{kernel}"
    if rule == "cogvideox":
        return f"{2 * factor}k or {2 * factor}k+1"
    return f"{factor}k+1"


def _neighbors(value: int, valid: Callable[[int], bool]) -> list[int]:
    below = next((n for n in range(value, 0, -1) if valid(n)), None)
    above = next((n for n in range(value, value + 1024) if valid(n)), None)
    return [n for n in (below, above) if n is not None]


def _around(value: int, valid: Callable[[int], bool]) -> str:
    near = _neighbors(value, valid)
    words = " and ".join(map(str, near))
    return f"the nearest {'are' if len(near) > 1 else 'is'} {words}"


def _pick(value: int, valid: Callable[[int], bool]) -> int:
    return min(_neighbors(value, valid), key=lambda n: abs(n - value))


def _nearest(entry: Family, request: _Request) -> _Request:
    found = _Request(
        **{
            what: value and _pick(value, lambda n, what=what: _is_valid(entry, what, n))  # type: ignore[misc]
            for what, value in vars(request).items()
        }
    )
    return _fitted(entry, found) if _is_too_large(entry, found) else found


def _fitted(entry: Family, request: _Request) -> _Request:
    """A smaller request that follows the frame rule: fewer clips, or one of a smaller size."""
    assert entry.large is not None
    limit, factor = large_layers.most_pixels(entry.large), entry.space["factor"]
    batch = min(request.batch, limit // (request.height * request.width))
    for fewer in range(batch, 0, -1):
        if not _is_too_large(entry, replace(request, batch=fewer)):
            return replace(request, batch=fewer)
    shorter = min(request.height, request.width, math.isqrt(limit) // factor * factor)
    longer = min(max(request.height, request.width), limit // shorter // factor * factor)
    while True:
        cut = {"height": longer, "width": shorter}
        if request.height < request.width:
            cut = {"height": shorter, "width": longer}
        found = replace(request, batch=1, **cut)
        if not _is_too_large(entry, found):
            return found
        shorter, longer = sorted((shorter, longer - factor))


def _rounded_up(entry: Family, request: _Request) -> _Request:
    multiple, time = entry.rounding.get("multiple", 1), entry.rounding.get("time", 1)
    return replace(
        request,
        frames=request.frames and -(-(request.frames - 1) // time) * time + 1,
        height=-(-request.height // multiple) * multiple,
        width=-(-request.width // multiple) * multiple,
    )


def _is_refused(entry: Family, request: _Request) -> bool:
    """Whether the VAE's class raises, in encoding or in decoding what it has encoded."""
    sides = (request.height, request.width)
    return (
        any(_cells(entry, side) is None for side in sides)
        or _times(entry, request) is None
        or math.prod(_tiles(entry, request)) < 0
        or min(sides) < entry.smallest_decoded
        or (_computes(entry, request) and request.batch > (entry.largest_batch or request.batch))
    )


def _tiles(entry: Family, request: _Request) -> list[int]:
    """How many tiles the class counts along T, H and W; a negative product makes it raise."""
    if entry.tile is None:
        return [1, 1, 1]
    asked = (request.frames or 1, request.height, request.width)
    geometry = zip(asked, entry.tile["kernel"], entry.tile["stride"], strict=True)
    return [(n - kernel) // stride + 1 for n, kernel, stride in geometry]


def _computes(entry: Family, request: _Request) -> bool:
    """Whether there is a tile to compute: without one the class returns what it allocated."""
    return min(_tiles(entry, request)) > 0


def _follow(entry: Family, request: _Request, size: int, complaints: list[str]) -> Trace:
    if _is_refused(entry, request):
        raise RefusedError(f"the library raises: {'; '.join(complaints)}")
    batch, height, width = request.batch, request.height, request.width
    rows, columns = _cells(entry, height), _cells(entry, width)
    times = _times(entry, request)
    assert rows is not None
    assert columns is not None
    assert times is not None
    (time, back), channels, factor = times, entry.latent_channels, entry.space["factor"]
    tall, wide = rows * factor, columns * factor
    decoded: tuple[Shape, str]
    steps: list[Step] = []
    warnings = [*complaints, *_library_warnings(entry, request)]
    if not _computes(entry, request):
        warnings.append("smaller than one tile: the class returns a latent that it never computed")
    elif not all(
        value is None or reached_by_tiles(entry, what, value)
        for what, value in vars(request).items()
        if what != "batch"
    ):
        warnings.append("the tiles end before the request does: what lies beyond stays blank")

    def add(step: str, shape: Shape, axes: str) -> None:
        steps.append(Step(step, shape, axes, math.prod(shape) * size))

    if entry.medium == "image":
        add("pixels", (batch, 3, height, width), "B C H W")
        add("latent", (batch, channels, rows, columns), "B C H W")
        decoded = (batch, 3, tall, wide), "B C H W"
    elif entry.medium == "frames":
        add("pixels", (batch, 3, time, height, width), "B C T H W")
        add("folded", (batch * time, 3, height, width), "B C H W")
        add("latent", (batch * time, channels, rows, columns), "B C H W")
        decoded = (batch * time, 3, tall, wide), "B C H W"
    else:
        add("pixels", (batch, 3, request.frames or 1, height, width), "B C T H W")
        add("latent", (batch, channels, time, rows, columns), "B C T H W")
        decoded = (batch, 3, back, tall, wide), "B C T H W"
        if entry.time and entry.time["rule"] == "allegro":
            decoded = (batch, back, 3, tall, wide), "B T C H W"
    _pipeline_steps(entry, (batch, channels, time, rows, columns), add, warnings)
    add("decoded", *decoded)
    if entry.divisible and (height % entry.divisible or width % entry.divisible):
        warnings.append(f"its pipeline asks for multiples of {entry.divisible} in height and width")
    return Trace(entry, tuple(steps), tuple(warnings))


def _library_warnings(entry: Family, request: _Request) -> Iterator[str]:
    """What the library around the class does otherwise than one would think."""
    frames = request.frames
    if entry.pipeline_rounds and entry.library == "diffusers" and frames and (frames - 1) % 4:
        yield f"its pipeline would first make {frames // 4 * 4 + 1} frames of {frames}"
    if entry.rounding.get("normalizes"):
        yield f"the latent of {LIBRARIES[entry.library]}'s VAE is normalized already"


def _pipeline_steps(
    entry: Family, latent: Shape, add: Callable[[str, Shape, str], None], warnings: list[str]
) -> None:
    """The latent as its pipeline holds it, and as the denoiser's sequence."""
    if entry.pipeline_axes is None:
        return
    batch, channels, time, rows, columns = latent
    if entry.pad_time and entry.patch and time % entry.patch[0]:
        padded = -(-time // entry.patch[0]) * entry.patch[0]
        warnings.append(f"the pipeline pads {time} latent frames to {padded}")
        time = padded
    named = dict(zip("BCTHW", (batch, channels, time, rows, columns), strict=True))
    add("pipeline", tuple(named[axis] for axis in entry.pipeline_axes.split()), entry.pipeline_axes)
    if entry.patch is None:
        return
    t, h, w = entry.patch
    if time % t or rows % h or columns % w:
        warnings.append(f"the latent cannot be cut into patches of {t}, {h} and {w}")
        return
    wide = channels * t * h * w
    if entry.pack and entry.pack.startswith("channels"):
        add("packed", (batch, wide, rows // h, columns // w), "B C H W")
    add("tokens", (batch, (time // t) * (rows // h) * (columns // w), wide), "B S C")
