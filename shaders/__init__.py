"""GLSL 330 core passes, one file each."""
