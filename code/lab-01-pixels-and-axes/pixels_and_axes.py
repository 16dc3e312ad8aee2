"""An array is a row of numbers, a shape, and a stride for each axis.

The rest is reading. Here, a picture of 2 rows, 4 columns and 3 colors. Each number says
where it belongs: 123 is row 1, column 2, and color 3 of 1 to 3.
"""

from itertools import product
from math import prod


# (1) The contract. Stride k says how far apart in the row two neighbors along axis k
#     are. In an array just made the last axis is the quick one.
def strides_of(shape):
    """Strides of an array that lies in memory in the order of its axes."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def at(row, strides, index):
    """The number at an index: one sum, and no search."""
    return row[sum(i * stride for i, stride in zip(index, strides, strict=True))]


def read(row, shape, strides):
    """All numbers in the order of the axes, the last index running fastest."""
    return [at(row, strides, index) for index in product(*map(range, shape))]


# (2) The main transition. A permutation moves no number: it trades strides as it trades
#     sizes, so each number keeps its neighbors.
def permute(shape, strides, order):
    """Shape and strides with axis order[0] first, then order[1], and so on."""
    if sorted(order) != list(range(len(shape))):
        raise ValueError(f"{order} is not an order of the axes 0 to {len(shape) - 1}")
    return tuple(shape[axis] for axis in order), tuple(strides[axis] for axis in order)


# (3) The line an interviewer asks about. A reshape deals the same row out anew: it asks
#     what comes next, and never what the axes meant.
def reshape(row, shape, strides, new_shape):
    """A row and strides of another shape; out of order, the row is copied first."""
    if prod(shape) != prod(new_shape):
        raise ValueError(f"{shape} and {new_shape} do not hold equally many numbers")
    if strides != strides_of(shape):
        row = read(row, shape, strides)  # the copy that .contiguous() makes
    return row, strides_of(new_shape)


# (4) Height, width, color, as files and cameras have it; then the same picture, color
#     first, as networks want it: once permuted, once reshaped.
picture = [100 * h + 10 * w + c for h in range(2) for w in range(4) for c in (1, 2, 3)]
hwc = (2, 4, 3)  # (2, 4, 3)
steps = strides_of(hwc)  # (12, 3, 1)
chw, chw_steps = permute(hwc, steps, (2, 0, 1))
permuted = (chw, chw_steps)  # ((3, 2, 4), (1, 12, 3))
made = strides_of(chw)  # (8, 4, 1)
reshaped, reshaped_steps = reshape(picture, hwc, steps, chw)
copied, copied_steps = reshape(picture, chw, chw_steps, chw)

right = at(picture, chw_steps, (0, 1, 2))  # 121
wrong = at(reshaped, reshaped_steps, (0, 1, 2))  # 21

if __name__ == "__main__":
    print("H W C     shape", hwc, "strides", steps)
    print("permuted  shape", chw, "strides", chw_steps)
    print("color 1:  ", *read(picture, chw, chw_steps)[:8])
    print("reshaped  shape", chw, "strides", reshaped_steps)
    print("'color 1':", *read(reshaped, chw, reshaped_steps)[:8])
    print("the row as it was: ", *picture[:6], "...")
    print("copied, color first:", *copied[:6], "...")
