"""What several files of this folder ask for."""

from pathlib import Path

import pytest

from analysis.reporting.page import page
from analysis.shared.outputs import Outputs
from tests.helpers import report_results


@pytest.fixture(scope="session")
def written(tmp_path_factory) -> Path:
    """Write the page of made-up results, once for all tests that read or open it."""
    root = tmp_path_factory.mktemp("report")
    report_results.write(root / "results")
    return page.write(Outputs(root), report_results.traces())
