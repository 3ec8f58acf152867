"""Colour: white points, encodings, ICC profiles, colour differences and output spaces."""
