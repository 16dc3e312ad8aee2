"""Follow a grid of voxels to three latents of equal size: a volume, a plane, a vector.

The axes are B C D H W: depth from the front, height from the top, width from the left.
"""

from math import prod

# (1) The contract. One grid, 32 voxels a side, full or empty: one channel. A cell of
#     the volume is 8 voxels along each axis; of the plane 4 x 4, and all above them.
GRID = (1, 1, 32, 32, 32)
CHANNELS = 8
FACTORS = {"volume": {"D": 8, "H": 8, "W": 8}, "plane": {"D": 4, "W": 4}, "vector": {}}


def sides(grid):
    """D, H and W by their letters; what is no grid of voxels is refused."""
    if len(grid) != 5 or grid[1] != 1:
        raise ValueError(f"{grid}: expected B 1 D H W")
    return dict(zip("DHW", grid[2:], strict=True))


def factors(kind):
    """The factor of each axis that is left."""
    if kind not in FACTORS:
        raise ValueError(f"{kind!r} is no latent: expected one of {', '.join(FACTORS)}")
    return FACTORS[kind]


# (2) The main transition. Axes with a factor shrink by it; the others are gone. What
#     they told has to go into the channels.
def latent(kind, grid):
    """The shape of the latent of a grid."""
    if kind == "vector":
        return grid[0], prod(latent("volume", grid)[1:])
    found = sides(grid)
    for axis, factor in factors(kind).items():
        if found[axis] % factor:
            raise ValueError(f"{axis} = {found[axis]} is no multiple of {factor}")
    kept = [found[axis] // factor for axis, factor in factors(kind).items()]
    return grid[0], CHANNELS, *kept


volume = latent("volume", GRID)  # (1, 8, 4, 4, 4)
plane = latent("plane", GRID)  # (1, 8, 8, 8)
vector = latent("vector", GRID)  # (1, 512)


# (3) Places. A voxel lies in a cell; a move of the shape is a move of cells where they
#     divide it. In a vector there is no place to move from.
def cell(kind, **voxel):
    """The index of the cell of a voxel, such as D=9, H=0, W=31; None in a vector."""
    for axis, side in sides(GRID).items():
        if voxel.get(axis) not in range(side):
            raise ValueError(f"{axis} = {voxel.get(axis)}: expected 0 to {side - 1}")
    return tuple(voxel[axis] // f for axis, f in factors(kind).items()) or None


def cells_moved(kind, axis, voxels):
    """How many cells a move along an axis is; None when it is no whole number."""
    factor = factors(kind).get(axis)
    return None if factor is None or voxels % factor else voxels // factor


# (4) The line an interviewer asks about: as many axes as a clip has, and another
#     meaning. Time begins, so that causal video VAEs count 4k + 1. Depth does not.
def clip_latent(clip):
    """What a causal video VAE, factors 4 and 8, 16 channels, makes of B 3 T H W."""
    b, _, t, h, w = clip
    if t % 4 != 1:
        below = (t - 1) // 4 * 4 + 1
        raise ValueError(f"T = {t} is no 4k + 1; the nearest: {below} and {below + 4}")
    return b, 16, (t - 1) // 4 + 1, h // 8, w // 8


of_a_clip = clip_latent((1, 3, 33, 32, 32))  # (1, 16, 9, 4, 4)
larger = latent("volume", (1, 1, 64, 64, 64))  # (1, 8, 8, 8, 8)

if __name__ == "__main__":
    for kind in ("volume", "plane", "vector"):
        shape = latent(kind, GRID)
        print(f"{kind:7}{shape!s:17}{prod(shape)} numbers")
        print(f"  voxel 9, 0, 31 is in cell {cell(kind, D=9, H=0, W=31)}")
        moves = [cells_moved(kind, "W", voxels) for voxels in (1, 4, 8)]
        print(f"  moved by 1, 4, 8 voxels: {moves}")
    print("clip   ", of_a_clip)
    try:
        clip_latent((1, 3, *GRID[2:]))
    except ValueError as error:
        print("a grid as a clip:", error)
