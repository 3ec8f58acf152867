"""Tools of the viewer: focus, exposure, aids, scopes, the panel."""
