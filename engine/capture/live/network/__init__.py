"""Network cameras and streams, through PyAV."""
