"""Follow single frames through a causal encoder, and see why 4k+1 fits it.

A frame is a set here: the numbers of the input frames that it was made of.
"""

# (1) The clip: seventeen frames, each made of itself alone.
FRAMES = 17
KERNEL = 3  # frames that one layer looks at: its own and two before it


def clip_of(frames):
    return [{frame} for frame in range(frames)]


# (2) A layer of stride two keeps frame 0 and then every second one, so n frames become
#     1 + (n - 1) // 2. Two such layers are a temporal factor of 4.
def halve(frames):
    """Output t is made of input t and of those before it, never of one after it."""
    kept = range(0, len(frames), 2)
    return [set().union(*frames[max(0, t - KERNEL + 1) : t + 1]) for t in kept]


def encode(frames):
    return halve(halve(frames))


clip = clip_of(FRAMES)
latent = encode(clip)
lengths = (len(clip), len(halve(clip)), len(latent))  # (17, 9, 5)

# (3) A latent frame stands at frame 4j and looks back. So it has seen frame 4j and some
#     before it, and never one after it.
newest_seen = tuple(max(seen) for seen in latent)  # (0, 4, 8, 12, 16)


def never_seen(frames):
    """The frames of a clip that no latent frame has seen."""
    return tuple(sorted(set(range(frames)).difference(*encode(clip_of(frames)))))


# (4) 20 frames are 1 + 4 * 4 and three more. No latent frame stands at or after them.
lost_of_20 = never_seen(20)  # (17, 18, 19)
lost_of_21 = never_seen(21)  # ()


# (5) What is done about it is a choice, made by whoever wrote the library.
def latent_frames(frames, factor=4, leftover="refuse"):
    """T of the latent. leftover: "refuse" it, "drop" it, or "fill" its group."""
    over = (frames - 1) % factor
    if over and leftover == "refuse":
        near = f"{frames - over} and {frames - over + factor}"
        raise ValueError(f"{frames} frames: not {factor}k+1; the nearest are {near}")
    if over and leftover == "fill":
        frames += factor - over
    return 1 + (frames - 1) // factor


dropped = latent_frames(18, leftover="drop")  # 5
filled = latent_frames(18, leftover="fill")  # 6

if __name__ == "__main__":
    print("lengths    ", lengths)
    print("newest seen", newest_seen)
    print("lost of 20 ", lost_of_20)
    print("18 frames  ", dropped, "latent frames if dropped,", filled, "if filled")
    for frame, seen in enumerate(latent):
        print(f"z{frame} has seen ", *sorted(seen))
