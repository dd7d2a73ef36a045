"""Claims of a study: one sentence for a claim about nothing."""

import math

import pytest

from data.shared.errors import UserError
from data.studies.claims import read
from tests.helpers import studies

HEAD = "text,column,term,kind,rope\n"


def test_claims_are_of_columns_and_terms(tmp_path):
    first, second, third = read(studies.write(tmp_path))
    assert (first.column, first.term, first.kind) == ("2.1", "dens", "sign")
    assert second.kind == "size"
    assert math.isnan(third.rope)
    (tmp_path / "claims.csv").write_text(HEAD + "x,2.1,log( jobs ),sign,0.02\n", encoding="utf-8")
    (claim,) = read(tmp_path / "study.toml")
    assert (claim.term, claim.rope) == ("log(jobs)", 0.02)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("x,9.1,dens,sign,", "line 2, column column: '9.1' is no column of the study; choose"),
        ("x,2.1,roads,sign,", "line 2, column term: 'roads' is no term of column 2.1; choose"),
        ("x,2.1,dens,turn,", "line 2, column kind: 'turn' is none of sign, size; write"),
        ("x,2.1,dens,sign,-1", "line 2, column rope: '-1' is no number above zero; write"),
    ],
)
def test_a_mistake_names_its_line(tmp_path, row, sentence):
    path = studies.write(tmp_path)
    (tmp_path / "claims.csv").write_text(HEAD + row + "\n", encoding="utf-8")
    with pytest.raises(UserError) as raised:
        read(path)
    assert sentence in str(raised.value)


def test_a_study_may_claim_nothing(tmp_path):
    assert read(None) == ()
    assert read(studies.write(tmp_path, studies.STUDY.split("[claims]")[0])) == ()
    path = studies.write(tmp_path)
    (tmp_path / "claims.csv").unlink()
    with pytest.raises(UserError, match=r"key claims\.file"):
        read(path)
