"""The look of the portal and of the simulators' pages: layout, macros, static files, filters. No I/O but reading its own files."""
