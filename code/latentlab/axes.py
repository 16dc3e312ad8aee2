"""The axes of the course: their letters, their names, their colors."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import index as whole


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

    Raises ValueError for an unknown letter, for one that comes twice, for parentheses, and when
    the number of letters is not `rank`.
    """
    if "(" in axes:
        raise ValueError(f"{axes!r} has parentheses: write a folded axis as one letter, (B T) as B")
    letters = axes.split()
    for letter in letters:
        if letter not in AXES:
            raise ValueError(f"axis {letter!r} is unknown: expected letters from {' '.join(AXES)}")
        if letters.count(letter) > 1:
            raise ValueError(f"{axes!r} names {letter} twice: expected each letter once")
    if len(letters) != rank:
        raise ValueError(f"{axes!r} names {len(letters)} axes, but the shape has {rank} dimensions")
    return [AXES[letter] for letter in letters]


def sizes(shape: Sequence[object], of: str, least: int = 0) -> list[int]:
    """The sizes in a shape, where `of` is what a message calls it.

    Raises TypeError for a size that is no whole number, and ValueError for one below `least`.
    """
    numbers = [_whole(size, f"{of}: axis {place} has size") for place, size in enumerate(shape)]
    for place, size in enumerate(numbers):
        if size < least:
            raise ValueError(f"{of}: axis {place} has size {size}, expected at least {least}")
    return numbers


def strides(given: Sequence[object], of: str) -> list[int]:
    """The strides given for an array that a message calls `of`.

    Raises TypeError for a stride that is no whole number.
    """
    return [_whole(one, f"{of}: axis {place} has stride") for place, one in enumerate(given)]


def _whole(number: object, said: str) -> int:
    try:
        return whole(number)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{said} {number!r}, expected a whole number") from None
