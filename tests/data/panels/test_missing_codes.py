"""Numbers that stand for missing values."""

import pytest

from tests.helpers.own_files import loaded, only_notice, refusal, units


def with_code(code, rows, scale=1.0):
    frame = units()
    frame["indus"] = (frame["indus"] * scale).astype(object)
    frame.loc[rows, "indus"] = code
    return frame


@pytest.mark.parametrize(
    "code",
    [
        *(-9, -99, "-99.0", -999, -9999, "-99.99", -88, "-9.99E+02"),
        *(9999, 99999, 999, 2147483621, "1.701411834604692e+38", "8.98846567431158E+307"),
    ],
)
def test_a_repeated_code_is_refused_with_cell_and_remedy(tmp_path, code):
    said = refusal(with_code(code, [4, 20]), tmp_path)
    assert ", line 6, column indus: " in said
    assert "stands 2 times apart from the other values (0.1" in said
    assert "fill these cells in or drop their rows" in said


@pytest.mark.parametrize("code", [-99, -999, "-9999.0"])
def test_one_negative_code_among_positive_values_is_refused(tmp_path, code):
    assert "stands once apart" in refusal(with_code(code, [4]), tmp_path)


@pytest.mark.parametrize(
    ("code", "rows", "scale"),
    [
        *((-99, [4], 1000.0), (9999, [4], 1.0), (999, [4, 8], 400.0)),
        *((-1, [4, 9], 1.0), (-77.7, [4, 9], 1.0), (1e30, [4], 1.0), (-1.7e308, [4], 1.0)),
    ],
)
def test_a_number_that_may_be_a_value_is_read_and_told(tmp_path, code, rows, scale):
    panel = loaded(with_code(code, rows, scale), tmp_path)
    assert code in set(panel.frame["indus"])
    assert "line 6, column indus: " in only_notice(panel)
    assert "was taken for a value" in only_notice(panel)


@pytest.mark.parametrize(("value", "scale"), [(99, 100.0), (-0.5, 1.0), (88, 100.0), (12, 1.0)])
def test_values_among_others_are_nothing_to_tell(tmp_path, value, scale):
    assert loaded(with_code(value, [4], scale), tmp_path).notices == ()


def test_zeros_and_values_of_few_kinds_are_no_codes(tmp_path):
    assert loaded(with_code(0, [4, 9, 12], 100.0), tmp_path).notices == ()
    few = units().assign(indus=lambda frame: 1 + frame.index % 3)
    few.loc[[4, 9], "indus"] = 50
    assert loaded(few, tmp_path).notices == ()


@pytest.mark.parametrize("text", ["", ".", ".a", ".z", "n/a", "#N/A", "NaN", "-", "..", "NULL"])
def test_text_for_missing_is_refused_with_cell_and_remedy(tmp_path, text):
    said = refusal(with_code(text, [4]), tmp_path)
    assert ", line 6, column indus: the value is missing; fill it in or drop the row" in said
