"""Compute: one device, its buffers and its kernels."""
