"""The process `simres`, and `python -m simres`."""

import gc
import signal


def main() -> None:
    """Loads the command line and runs it; Ctrl-C during loading ends the process as it does any other."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.set_threshold(200_000)  # start-up makes many objects and no garbage: collecting may wait
    from simres.commands import main as run

    run()


if __name__ == "__main__":
    main()
