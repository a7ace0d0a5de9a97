"""The checks of tools/dev/lint, one concept a module."""
