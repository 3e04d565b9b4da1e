"""`python -m simres` is `simres`."""

from simres.commands import main

if __name__ == "__main__":
    main()
