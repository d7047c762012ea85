"""The command line: one file per capability; heavy imports only inside the commands.

Exit codes: 0 done; 1 findings, refusals or something unsound; 2 the command could not run;
70 a fault of keiryo itself; 130 interrupted.
"""

from __future__ import annotations

import sys

INTERRUPTED = 130
FAULT = 70


def main() -> None:
    """Run the command line and exit."""
    from keiryo.cli.app import app
    from keiryo.cli.output import report_error
    from keiryo.errors import KeiryoError

    try:
        app()
    except KeiryoError as error:
        sys.exit(report_error(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except SystemExit as ending:
        if ending.code == INTERRUPTED:
            print(
                "\nInterrupted. What was posted is complete; nothing is half-done.",
                file=sys.stderr,
            )
        raise
    except Exception:
        import traceback

        traceback.print_exc()
        print(
            "\nThis is a fault of keiryo, not of your input. An act that was being posted left "
            "no trace;\nplease report what is above, without material data.",
            file=sys.stderr,
        )
        sys.exit(FAULT)
