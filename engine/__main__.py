"""`python -m groundglass` is the command `groundglass`."""

from .cli import main

if __name__ == "__main__":
    main()
