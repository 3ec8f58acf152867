"""`python -m groundglass`, and the command `groundglass`."""

from .interrupts import INTERRUPTS


def run() -> None:
    """Runs the command. A signal while its modules are imported, which takes a second, ends it without a traceback."""
    INTERRUPTS.take()
    from .cli import run as run_command

    run_command()


if __name__ == "__main__":
    run()
