"""The version that result files record, and that the package's metadata are read from."""

VERSION = "0.1.0"


def package_version() -> str:
    """Version of this library, installed or not."""
    return VERSION
