"""`python -m groundglass` is the command `groundglass`."""

from .cli import run

if __name__ == "__main__":
    run()
