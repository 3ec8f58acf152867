"""Looks for other programs: CLF, OpenColorIO, camera profiles (DCP), settings of raw developers (XMP)."""
