"""Scopes: histogram, waveform, RGB parade and vectorscope of what is shown, and a histogram of what the sensor saw."""
