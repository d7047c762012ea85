"""Run the command line as ``python -m keiryo``."""

from keiryo.cli import main

main()
