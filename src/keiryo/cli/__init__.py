"""The command line: one file per capability; heavy imports only inside the commands."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 findings or refusals, 2 could not run."""
    from keiryo.cli.app import app
    from keiryo.cli.output import report_error
    from keiryo.errors import KeiryoError

    try:
        app()
    except KeiryoError as error:
        sys.exit(report_error(error))
    except KeyboardInterrupt:
        print(
            "Interrupted. What had been posted is complete; nothing is half-done.", file=sys.stderr
        )
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
