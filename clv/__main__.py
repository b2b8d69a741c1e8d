"""``python -m clv``."""

from clv.cli import main

if __name__ == "__main__":
    main()
