"""What each subcommand of `groundglass` does, once its command line is parsed."""
