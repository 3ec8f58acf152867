"""Depth: the distance to each pixel in metres, from files, stereo pairs or a monocular model, refined on the device."""
