"""What the tables of a study.toml share: strict keys, and text that is checked as it is read."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from data.studies.formula import expression, term
from data.studies.sample import condition, is_condition, names_in_condition


class Keys(BaseModel):
    """A table that has no keys but its own."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _checked_sample(sample: str) -> str:
    condition(sample)
    return sample


Name = Annotated[str, Field(min_length=1, pattern=r"\S")]
Term = Annotated[Name, AfterValidator(term)]
Expression = Annotated[Name, AfterValidator(expression)]


def _variable(text: str) -> str:
    if is_condition(text):
        names_in_condition(text)  # screens it
        return text.strip()
    return expression(text)


Variable = Annotated[Name, AfterValidator(_variable)]
"""An expression, or a condition: a dummy."""
Sample = Annotated[str, AfterValidator(_checked_sample)]
