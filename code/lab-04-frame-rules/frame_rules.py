"""Follow single frames through a causal encoder, and see why 4k+1 fits it.

A frame is a set here: the numbers of the input frames that it was made of.
"""

# (1) The clip: seventeen frames, each made of itself alone.
FRAMES = 17
KERNEL = 3  # frames that one layer looks at: its own and two before it

clip = [{frame} for frame in range(FRAMES)]


def causal_layer(frames, stride=1):
    """Output t is made of input t and of those before it."""
    kept = range(0, len(frames), stride)
    return [set().union(*frames[max(0, t - KERNEL + 1) : t + 1]) for t in kept]


# (2) Two layers of stride two are a temporal factor of 4. Frame 0 is always kept, then
#     every second one: n frames become 1 + (n - 1) // 2.
halved = causal_layer(clip, stride=2)
latent = causal_layer(halved, stride=2)
lengths = (len(clip), len(halved), len(latent))  # (17, 9, 5)

# (3) A latent frame stands at frame 4j and looks back. So it has seen frame 4j and some
#     before it, and never one after it.
newest_seen = tuple(max(seen) for seen in latent)  # (0, 4, 8, 12, 16)


def never_seen(frames):
    """The frames of a clip that no latent frame has seen."""
    encoded = causal_layer(causal_layer([{t} for t in range(frames)], 2), 2)
    return tuple(sorted(set(range(frames)).difference(*encoded)))


# (4) 20 frames are 1 + 4 * 4 and three more. No latent frame stands at or after them.
lost_of_20 = never_seen(20)  # (17, 18, 19)
lost_of_21 = never_seen(21)  # ()


# (5) What is done about it is a choice, made by whoever wrote the library.
def latent_frames(frames, factor=4, off_rule="drop"):
    """T of the latent. off_rule: "drop" the rest, "fill" its group, or "refuse"."""
    rest = (frames - 1) % factor
    if rest and off_rule == "refuse":
        raise ValueError(f"{frames} frames: not {factor}k+1")
    if rest and off_rule == "fill":
        frames += factor - rest
    return 1 + (frames - 1) // factor


one_request = (latent_frames(18), latent_frames(18, off_rule="fill"))  # (5, 6)

if __name__ == "__main__":
    print("lengths    ", lengths)
    print("newest seen", newest_seen)
    print("lost of 20 ", lost_of_20)
    print("18 frames  ", one_request, "latent frames, dropped or filled")
    for frame, seen in enumerate(latent):
        print(f"z{frame} has seen ", *sorted(seen))
