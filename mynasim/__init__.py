"""The entry hall: the command line only. What the commands do lives in the other packages."""
