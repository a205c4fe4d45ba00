"""``python -m loyalty_api`` is the ``loyalty`` command."""

from loyalty_api.cli import main

if __name__ == "__main__":
    main()
