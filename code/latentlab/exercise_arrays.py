"""How exercises compare arrays and show them. Loaded where a value has the look of one."""

import numpy as np

LONGEST = 8  # numbers of an array that a message can hold


def plain(value: object) -> object:
    """A tensor as an array, an array without axes as a number: its type makes no answer wrong."""
    if not isinstance(value, np.ndarray | np.generic):
        value = np.asarray(value)
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def both(wanted: object, got: object) -> bool:
    """Whether these are two arrays."""
    return isinstance(wanted, np.ndarray) and isinstance(got, np.ndarray)


def same(wanted: np.ndarray, got: np.ndarray) -> bool:
    return wanted.shape == got.shape and bool(_close(wanted, got).all())


def kind(value: object) -> np.dtype | None:
    """The dtype of an array."""
    return value.dtype if isinstance(value, np.ndarray) else None


def shown(value: object) -> str:
    """An array as a message has it, in one line: of a large one only its shape."""
    if not isinstance(value, np.ndarray):
        return repr(value.item() if isinstance(value, np.generic) else value)
    if value.size > LONGEST:
        return f"an array of shape {value.shape}"
    exact = value.astype(np.float64) if value.dtype.kind == "f" else value
    return f"array({np.round(exact, 4).tolist()})"


def where(wanted: np.ndarray, got: np.ndarray) -> str:
    """Where two large arrays of one shape part, and how; or two arrays of one content."""
    if wanted.shape != got.shape:
        return ""
    places = np.argwhere(~_close(wanted, got)).tolist()
    if not places:
        return f" of {got.dtype}, where {wanted.dtype} is right"
    if wanted.size <= LONGEST:
        return ""
    here = tuple(places[0])
    return f" with {got[here]:.6g} at {places[0]}, where {wanted[here]:.6g} is right"


def _close(wanted: np.ndarray, got: np.ndarray) -> np.ndarray:
    return np.isclose(got, wanted, rtol=1e-6, atol=1e-9)
