"""The work of each subcommand of `groundglass`, after its command line is parsed."""
