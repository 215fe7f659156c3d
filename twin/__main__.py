"""`python -m twin`: the commands that need no picture, on servers without Qt."""

import sys

from twin.cli import main

if __name__ == "__main__":
    sys.exit(main())
