"""Alarms at portals and alerts from people, from the first sign to the closed case."""
