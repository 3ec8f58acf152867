"""Renders many pictures: resumable, in several processes, or on a cluster."""
