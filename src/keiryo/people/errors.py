"""What can go wrong when somebody signs in.

The words never tell whether an account exists: an unknown name, a wrong password and a suspended
person get one and the same answer (OWASP Authentication Cheat Sheet, "Authentication and error
messages").
"""

from __future__ import annotations

from keiryo.errors import KeiryoError


class SignInError(KeiryoError):
    """Who this is could not be established, or the session has ended."""


class TryLaterError(KeiryoError):
    """Too many attempts failed; the next one is looked at after ``seconds``.

    Attributes
    ----------
    seconds : int
        How long to wait.
    """

    def __init__(self, seconds: int) -> None:
        wait = f"{seconds} s" if seconds < 120 else f"{-(-seconds // 60)} minutes"
        super().__init__(
            f"too many attempts to sign in failed; the next one is possible in {wait}",
            "Wait, then try again. If you forgot your password, ask an administrator for a reset.",
        )
        self.seconds = seconds
