"""Compute kernels: one source for OpenCL and CUDA."""
