"""The look as a kernel: the pointwise passes of a look, translated from GLSL to the language of `kernels/`."""
