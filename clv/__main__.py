"""``python -m clv``."""

import os
import signal
import sys

# NumPy reads it on import. Its linear algebra is a few short sums here: threads of its own would only
# get in the way of the engine's, and their number would show in the last digits.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def run() -> None:
    """Run the command line and leave at once.

    Everything is written and closed by then. The interpreter's own way out would only free memory
    piece by piece, and let the engine's bindings print a notice about it on stderr.
    """
    code: object = 0
    try:
        from clv.apps.cli import main  # noqa: PLC0415 - Ctrl-C may come this early

        main()
    except SystemExit as leaving:
        code = leaving.code
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. Nothing was changed.\n")
        code = 128 + signal.SIGINT
    sys.stdout.flush()
    sys.stderr.flush()
    if code == 128 + signal.SIGTERM:  # Who asked for that sees that it was done.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    run()
