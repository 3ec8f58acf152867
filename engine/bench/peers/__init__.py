"""What a person would write with well-known libraries instead: the same work, timed alternately with our stages."""
