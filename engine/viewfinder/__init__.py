"""The viewfinder: the live view with its tools, put together for a command, a script, Qt or a notebook."""
