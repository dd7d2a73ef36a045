"""Printed numbers of a study: in the spelling of its formulas, and of nothing that it lacks."""

import pytest

from data.published import tables
from data.shared.errors import UserError
from tests.helpers import studies

HEAD = "column,table,term,statistic,printed,stars\n"


def test_terms_have_the_formulas_spelling(tmp_path):
    path = studies.write(tmp_path)
    rows = '2.1,2,log( jobs ),coef,.30,\n3.1,3,"lag(lnout, 1)",coef,.5,\n2.1,2,,n,162,\n'
    (tmp_path / "printed.csv").write_text(HEAD + rows, encoding="utf-8")
    found = tables.of_study(path)
    assert found["term"].tolist() == ["log(jobs)", "L.y", ""]
    assert found["printed"].tolist() == ["0.30", "0.5", "162"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("2.1,2,densty,coef,.3,\n", "column 2.1 has no term 'densty'; did you mean 'dens'"),
        ("2.9,2,dens,coef,.3,\n", "prints a column '2.9' that the study does not have"),
        ("2.1,2,dens,coef,x,\n", "printed.csv"),
    ],
)
def test_a_coefficient_of_nothing_is_refused(tmp_path, row, sentence):
    path = studies.write(tmp_path)
    (tmp_path / "printed.csv").write_text(HEAD + row, encoding="utf-8")
    with pytest.raises(UserError) as raised:
        tables.of_study(path)
    assert sentence in str(raised.value)


def test_a_study_may_print_nothing(tmp_path):
    path = studies.write(tmp_path, studies.STUDY.split("[printed]")[0])
    assert tables.of_study(path).empty
    assert len(tables.of_study(None)) == len(tables.load())
