"""How long a call that failed waits."""

import pytest

from bot.domain.delivery import backoff_seconds


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [
        (0, 1),
        (1, 1),
        (2, 2),
        (3, 4),
        (4, 8),
        (8, 128),
        (9, 256),
        (10, 300),
        (11, 300),
        (5000, 300),
    ],
)
def test_each_failure_doubles_the_wait_up_to_five_minutes(attempts: int, seconds: int) -> None:
    assert backoff_seconds(attempts) == seconds
