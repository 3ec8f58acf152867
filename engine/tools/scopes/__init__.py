"""Scopes: histogram, waveform, RGB parade and vectorscope of the displayed picture, and a histogram of the raw data."""
