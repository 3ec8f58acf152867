"""Keep what is seen: stills, raws, sequences and video, written beside the loop."""
