"""What several files ask for."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Limit BLAS to a thread, as samplers do: the matrices are small."""
    with threadpool_limits(limits=1):
        yield
