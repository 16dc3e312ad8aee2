"""The exercises of lab 12, each with its solution and the mistakes it recognizes."""

from latentlab.exercise import Exercise, Exercises


def to_decoder(z, factor, shift):
    return z / factor + shift


def blend_cells(tile, stride, factor):
    return (tile - stride) // factor


def frames_first(latent):
    return [list(frame) for frame in zip(*latent, strict=True)]


def name_the_cause(lowest, mean, deviation, decibels):
    if lowest > -0.1:
        return "range"
    if abs(mean) > 0.05:
        return "shift"
    if not 0.75 < deviation < 1.35:
        return "scaled wrongly"
    return "not undone" if decibels < 20 else "fine"


def _cut_anew(latent):
    numbers = [number for channel in latent for number in channel]
    count = len(latent)
    return [numbers[at : at + count] for at in range(0, len(numbers), count)]


def _cause(order=("range", "shift", "scale", "answer"), absolute=True, limit=20, wide=1.35):
    """As `name_the_cause`, with another order or another rule."""

    def answer(lowest, mean, deviation, decibels):
        rules = {
            "range": (lowest > -0.1, "range"),
            "shift": ((abs(mean) if absolute else mean) > 0.05, "shift"),
            "scale": (not 0.75 < deviation < wide, "scaled wrongly"),
            "answer": (decibels < limit, "not undone"),
        }
        found = [name for applies, name in (rules[rule] for rule in order) if applies]
        return found[0] if found else "fine"

    return answer


exercises = Exercises(
    Exercise(
        to_decoder,
        cases=[(3.0, 1.5, 0.1), (-1.2, 0.4, 0.25), (0.5, 0.2, 0.0), (0.0, 2.0, -0.5)],
        mistakes={
            "you added the shift before dividing; it was subtracted first, so it comes back last": (
                lambda z, factor, shift: (z + shift) / factor
            ),
            "you subtracted the shift once more": lambda z, factor, shift: z / factor - shift,
            "you multiplied by the factor again": lambda z, factor, shift: z * factor + shift,
            "you forgot the shift": lambda z, factor, shift: z / factor,
        },
        hints=(
            "What was done last is undone first.",
            "Undo the multiplication, and only then the subtraction.",
        ),
    ),
    Exercise(
        blend_cells,
        cases=[(256, 192, 8), (512, 448, 32), (128, 64, 8), (256, 192, 16)],
        mistakes={
            "you left the overlap in pixels": lambda tile, stride, factor: tile - stride,
            "you converted the tile, not its overlap": lambda tile, stride, factor: tile // factor,
            "you converted the stride, not the overlap": (
                lambda tile, stride, factor: stride // factor
            ),
            "you multiplied by the factor; the latent is the smaller one": (
                lambda tile, stride, factor: (tile - stride) * factor
            ),
        },
        hints=(
            "In pixels, two neighbors share what a tile has beyond its stride.",
            "A cell of the latent stands for as many pixels of a side as the factor says.",
        ),
    ),
    Exercise(
        frames_first,
        cases=[
            ([[1, 2, 3], [4, 5, 6]],),
            ([[1, 2], [3, 4]],),
            ([[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14]],),
            ([[7]],),
        ],
        mistakes={
            "you cut the numbers anew, in the order in which they lie; that exchanges nothing": (
                _cut_anew
            ),
            "you returned it as it was, channels first": lambda latent: latent,
            "you turned the order of the frames around": (
                lambda latent: frames_first(latent)[::-1]
            ),
            "you turned the order of the channels around": (
                lambda latent: frames_first(latent[::-1])
            ),
        },
        hints=(
            "A frame is one number of each channel, at the same place.",
            "`zip` walks along several lists at once.",
        ),
    ),
    Exercise(
        name_the_cause,
        cases=[
            (-1, 0.01, 0.5, 26),
            (-1, 0.01, 1.02, 26),
            (0, 0.4, 0.8, 10),
            (-1, 0.11, 1.0, 29),
            (-1, -0.2, 1.4, 12),
            (-1, 0.0, 2.2, 26),
            (-0.98, 0.02, 0.99, 16),
            (-1, 0.0, 0.4, 12),
        ],
        mistakes={
            "you forgot that a mean can also lie below 0": _cause(absolute=False),
            "you asked the known answer first; it does not tell which contract was broken": _cause(
                ("answer", "range", "shift", "scale")
            ),
            "you asked the latent before the pixels that it was made of": _cause(
                ("shift", "scale", "range", "answer")
            ),
            "you never asked for the decibels": _cause(("range", "shift", "scale")),
            "you looked for a deviation that is too small, and not for one that is too large": (
                _cause(wide=float("inf"))
            ),
        },
        hints=(
            "Go along the pipeline: pixels, then the latent, then what comes back.",
            "Return as soon as something applies, so that the order of the questions decides.",
        ),
    ),
)
check = exercises.check
