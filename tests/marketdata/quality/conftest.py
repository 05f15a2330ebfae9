"""What the tests of data quality share."""

from tests.trading.conftest import rows_of_migrations

__all__ = ["rows_of_migrations"]
