"""`python -m groundglass` is the command `groundglass`."""

import signal
import threading


def run() -> None:
    """The command. While its modules are imported, Ctrl-C ends the process without a traceback."""
    is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_default and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from . import cli

    if is_default:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.run()


if __name__ == "__main__":
    run()
