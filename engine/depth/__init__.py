"""Depth maps in metres: from files, stereo pairs or a monocular model, refined on the device."""
