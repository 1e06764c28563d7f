"""`python -m deepsquare.cli`."""

from deepsquare.cli import main

if __name__ == "__main__":
    main()
