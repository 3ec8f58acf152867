"""Tools: what is fitted to the viewer. Focus, exposure, aids, scopes, the panel."""
