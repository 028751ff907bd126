"""The reports of a run: a page that needs nothing else, JUnit for build servers, lines for the terminal."""
