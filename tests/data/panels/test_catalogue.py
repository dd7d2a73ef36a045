"""What panels are called."""

import pytest

from data.panels.catalogue import together


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("official-imputed-07", "official:imputed"),
        ("official-census4-imputed-40", "official-census4:imputed"),
        ("implied-03", "implied:all"),
        ("implied", "implied"),
        ("official", "official"),
        ("own-imputed-07", "own-imputed-07"),
    ],
)
def test_draws_and_members_are_listed_under_one_name(name, listed):
    assert together(name) == listed
