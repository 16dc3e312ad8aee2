"""The axes of the course: their letters, their names, their colors."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """One axis of a tensor. `light` and `dark` are its colors on a light and on a dark page."""

    letter: str
    name: str
    light: str
    dark: str


AXES = {
    axis.letter: axis
    for axis in (
        Axis("B", "batch", light="#5a6372", dark="#b3bdcc"),
        Axis("C", "channel", light="#a3306b", dark="#f29ac4"),
        Axis("T", "time", light="#a84a06", dark="#f5a962"),
        Axis("H", "height", light="#1a65ae", dark="#86bdf5"),
        Axis("W", "width", light="#0a7358", dark="#63d0b0"),
        Axis("D", "depth", light="#566b00", dark="#bfd15c"),
        # Positions of T, H and W in one row have the color of ink, theirs no longer.
        Axis("S", "sequence", light="#1f2430", dark="#e4e7ee"),
    )
}


def parse(axes: str, rank: int) -> list[Axis]:
    """The axes named by a string such as `"B C T H W"`, one for each of `rank` dimensions.

    Raises ValueError for an unknown letter or when the number of letters is not `rank`.
    """
    letters = axes.split()
    for letter in letters:
        if letter not in AXES:
            raise ValueError(f"axis {letter!r} is unknown: expected letters from {' '.join(AXES)}")
    if len(letters) != rank:
        raise ValueError(f"{axes!r} names {len(letters)} axes, but the shape has {rank} dimensions")
    return [AXES[letter] for letter in letters]
