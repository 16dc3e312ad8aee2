"""Layers along time, by hand: what a frame sees, and how a long clip goes in chunks.

A clip is a list with one number a frame. A network does the same at each position of
H and W, for all channels.
"""

# (1) The contract. A layer has one tap for each frame that it sees, the present one
#     last. The decoder of this lab has five layers, too, each with five taps.
LAYERS = 5
TAPS = (1, 2, 3)  # whole numbers, so that nothing is rounded
FRAMES = 17


# (2) The main transition. Frames come in, as many come out, and the inputs that the
#     next chunk will need are kept. A clip's first frame stands in for those before it.
def layer(frames, taps, kept=None, ahead=0):
    """One convolution over time that looks `ahead` so many frames: 0 is causal."""
    if not 0 <= ahead < len(taps):
        raise ValueError(f"ahead is {ahead}: expected 0 to {len(taps) - 1}")
    before = len(taps) - 1 - ahead
    early = [frames[0]] * before if kept is None else kept
    seen = early + frames + [frames[-1]] * ahead
    windows = (seen[t : t + len(taps)] for t in range(len(frames)))
    made = [sum(a * x for a, x in zip(taps, window, strict=True)) for window in windows]
    return made, seen[len(frames) : len(frames) + before]


# (3) Each layer looks back from what the one before it has made. So reaches add up.
def receptive_field(layers, kernel):
    """How many frames one output frame depends on."""
    return 1 + layers * (kernel - 1)


def through(frames, kept=None, layers=LAYERS, taps=TAPS, ahead=0):
    """A chunk through all layers; returns what they made, and what each has kept."""
    after = []
    for past in kept or [None] * layers:
        frames, left = layer(frames, taps, past, ahead)
        after.append(left)
    return frames, after


# (4) The line an interviewer asks about: a chunk comes with what the chunk before it
#     left in every layer, and not only at the entrance.
def stream(frames, chunk, **options):
    """A clip through all layers, a few frames at a time."""
    made, kept = [], None
    for first in range(0, len(frames), chunk):
        part, kept = through(frames[first : first + chunk], kept, **options)
        made += part
    return made


def which_change(frame, **options):
    """The output frames that differ when one input frame does."""
    clip = [0] * FRAMES
    other = [int(t == frame) for t in range(FRAMES)]
    pairs = zip(through(clip, **options)[0], through(other, **options)[0], strict=True)
    return [t for t, (one, two) in enumerate(pairs) if one != two]


# (5) Shapes, B C T H W. Layers along time change none; a VAE with a temporal factor
#     makes one latent frame of the first, and one of every four after it.
def latent_shape(video, channels=4, factor=8, rate=1):
    batch, _, frames, height, width = video
    if frames < 1:
        raise ValueError(f"{frames} frames: expected 1 or more")
    if (low := (frames - 1) // rate * rate + 1) != frames:
        near = f"the nearest are {low} and {low + rate}"
        raise ValueError(f"{frames} frames: not {rate}k+1; {near}")
    if height % factor or width % factor:
        raise ValueError(f"{height} x {width}: sides must be multiples of {factor}")
    return batch, channels, (frames - 1) // rate + 1, height // factor, width // factor


image = (1, 3, 144, 256)
video = (*image[:2], 1, *image[2:])  # (1, 3, 1, 144, 256)
clip = (1, 3, FRAMES, 144, 256)  # (1, 3, 17, 144, 256)
latent = latent_shape(clip)  # (1, 4, 17, 18, 32)
compressed = latent_shape(clip, rate=4)  # (1, 4, 5, 18, 32)
folded = (clip[0] * clip[2], clip[1], *clip[3:])  # (17, 3, 144, 256)
kept_by_one = (1, 96, len(TAPS) - 1, *latent[3:])  # (1, 96, 2, 18, 32)

if __name__ == "__main__":
    ramp = list(range(FRAMES))
    whole = through(ramp)[0]
    print("one frame sees", receptive_field(LAYERS, len(TAPS)), "frames")
    print("frame 4 changes", which_change(4))
    print("  one ahead:   ", which_change(4, ahead=1))
    for chunk in (1, 4, 16):
        print(f"in chunks of {chunk:2}, equal:", stream(ramp, chunk) == whole)
    one_ahead = stream(ramp, 4, ahead=1) == through(ramp, ahead=1)[0]
    print("  one ahead:     equal:", one_ahead)
    print("video", clip, "latent", latent)
    print("a layer at the latent's size keeps", kept_by_one)
