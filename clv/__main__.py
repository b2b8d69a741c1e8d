"""``python -m clv``."""

import os
import sys

from clv.cli import main


def run() -> None:
    """Run the command line and leave at once.

    Everything is written and closed by then. The interpreter's own way out would only free memory
    piece by piece, and let the engine's bindings print a notice about it on stderr.
    """
    code: object = 0
    try:
        main()
    except SystemExit as leaving:
        code = leaving.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    run()
