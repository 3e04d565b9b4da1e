"""A doorway: `python cli.py ...` is `simres ...`."""

from simres.__main__ import main

if __name__ == "__main__":
    main()
