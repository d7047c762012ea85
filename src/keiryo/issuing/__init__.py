"""Issuing reports: source lines in, rounded reports out, as text, spreadsheet and print."""
