"""Pictures for the pages: pure functions from plain data to SVG text.

A picture has no style, no script and no id of its own: its classes begin with ``pic-`` and get
their looks from the style sheet, so that it follows a light, a dark and a printed page. Its text
is text, it says in ``<title>`` and ``<desc>`` what it shows, and no meaning hangs on colour alone.
"""
