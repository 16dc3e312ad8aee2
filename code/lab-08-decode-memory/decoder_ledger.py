"""Keep the books of a decoder: which tensors are live at each step, and when most are.

A step reads tensors and makes one. A tensor dies after the last step that reads it.
Weights are not counted. The axes are B C H W.
"""

from math import prod

# (1) The contract: a latent, how it is decoded, and the decoder of Stable Diffusion.
LATENT = (1, 4, 64, 64)
BYTES = 4  # of a number: 4 at 32 bits, 2 at 16
SLICED = False  # one sample of the batch after the other
TILE = None  # cells along a side of a tile, such as 32
CHANNELS = (512, 512, 256, 128)  # of its levels; H and W double from one to the next
BLOCKS = 3  # a level


# (2) The main transition: every step of a decode, in order. The middle of the decoder,
#     with its attention, is left out: it works at the latent's size.
def decode(latent):
    """The steps: what each makes, its shape, and what it reads."""
    if len(latent) != 4 or any(type(n) is not int or n < 1 for n in latent):
        raise ValueError(f"{latent}: a latent is B C H W, four whole numbers above 0")
    batch, _, height, width = latent  # the first convolution takes any channels
    steps = []

    def make(name, channels, *reads):
        steps.append((name, (batch, channels, height, width), reads))
        return name

    x, now = make("conv_in", CHANNELS[0]), CHANNELS[0]
    for level, channels in enumerate(CHANNELS):
        for block in range(BLOCKS):
            at = f"level {level}, block {block}:"
            h = make(f"{at} norm1", now, x)
            h = make(f"{at} silu1", now, h)
            h = make(f"{at} conv1", channels, h)
            h = make(f"{at} norm2", channels, h)
            h = make(f"{at} silu2", channels, h)
            h = make(f"{at} conv2", channels, h)
            if now != channels:
                x = make(f"{at} shortcut", channels, x)
            x = make(f"{at} sum", channels, h, x)  # x has waited for this
            now = channels
        if level < len(CHANNELS) - 1:
            height, width = 2 * height, 2 * width
            x = make(f"level {level}: larger", now, x)
            x = make(f"level {level}: conv", now, x)
    for name, channels in (("norm_out", now), ("silu_out", now), ("conv_out", 3)):
        x = make(name, channels, x)
    return steps


# (3) The books: what is live right after each step.
def live(steps):
    """For each step, the name and shape of every tensor that is live right after it."""
    last = {}
    for n, (name, _, reads) in enumerate(steps):
        last |= dict.fromkeys((name, *reads), n)
    return [
        {name: shape for name, shape, _ in steps[: n + 1] if last[name] >= n}
        for n in range(len(steps))
    ]


def size(held):
    """Bytes of some tensors together."""
    if type(BYTES) is not int or BYTES < 1:
        raise ValueError(f"BYTES = {BYTES}: a number has 4 at 32 bits, 2 at 16")
    return sum(BYTES * prod(shape) for shape in held.values())


# (4) The line an interviewer asks about: what goes through the decoder at once. Slices
#     take the batch apart, tiles the sides. Nothing here takes time apart.
def at_once(latent):
    """The shape that one pass of the decoder is given."""
    if TILE is not None and (type(TILE) is not int or TILE < 1):
        raise ValueError(f"TILE = {TILE}: a tile has 1 cell or more, None is no tiling")
    batch, channels, *sides = latent
    if TILE and max(sides) > TILE:
        sides = [min(side, TILE) for side in sides]
    return (1 if SLICED else batch, channels, *sides)


def peak(latent):
    """The tensors that are live when most bytes are."""
    return max(live(decode(at_once(latent))), key=size)


steps = decode(LATENT)
first = steps[0][1]  # (1, 512, 64, 64)
picture = steps[-1][1]  # (1, 3, 512, 512)
most = peak(LATENT)
largest = max(most.values(), key=prod)  # (1, 256, 512, 512)

if __name__ == "__main__":
    print("latent ", LATENT)
    print("picture", picture)
    print("peak   ", f"{size(most) / 2**20:,.0f} MiB in {len(most)} tensors:")
    for name, shape in most.items():
        print(" ", name, "\n   ", shape)
