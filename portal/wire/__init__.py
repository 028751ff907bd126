"""What crosses a border between two systems: operations declared once, their messages and their codes.

Nothing here does I/O and nothing imports Trio, so a Locust worker on gevent can use all of it.
"""
