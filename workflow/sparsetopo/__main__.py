"""``python -m sparsetopo``: the command line where the program ``sparsetopo`` is not installed."""

from sparsetopo.command_line import main

if __name__ == "__main__":
    main()
