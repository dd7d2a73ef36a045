"""The table [multiverse] of a study.toml: which choices of analysis are crossed.

Each key is a choice, and what a column does itself is its first option. What the table does not
name is no choice; without the table `analysis.robustness.multiverse.choices` names some.
"""

from typing import Literal

from pydantic import Field

from data.studies.fields import Expression, Keys, Name, Sample, Term

STRUCTURES = ("independent", "ar1", "growth")
"""Error structures of posteriors, from the fewest scales to the main model."""


class Multiverse(Keys):
    """Choices that are crossed in full."""

    columns: list[Name] = Field(
        [], description="Columns of two-way effects; all of them if left out."
    )
    controls: Literal["own", "one_out", "each"] = Field(
        "own",
        description="one_out: each control left out in turn; each: each in or out, all sets; own: "
        "no choice. Lags of the outcome stay.",
    )
    control_sets: dict[Name, list[Term]] = Field(
        {}, description="Instead: sets of the columns' controls by name, an empty list for none."
    )
    samples: dict[Name, Sample] = Field({}, description="Conditions on rows, by name.")
    without_years: list[int] = Field([], description="Years, each left out in turn.")
    without_regions: list[Name] = Field([], description="Regions, each left out in turn.")
    forms: dict[Name, dict[Name, Expression]] = Field(
        {},
        description="Other forms of an outcome or a term, by name: an expression each. Slopes "
        "must keep their meaning.",
    )
    effects: list[Literal["region_by_year", "unit_trends"]] = Field(
        [], description="Besides two-way effects: years by region, a linear trend in each unit."
    )
    weights: list[Literal["by_region"]] = Field(
        [], description="Besides least squares: weights by region's residual variance."
    )
    errors: list[Literal[STRUCTURES]] = Field(
        list(STRUCTURES), description="Error structures of posteriors."
    )
    posteriors: int = Field(
        12, ge=0, description="Universes of a column with posteriors, a balanced part; 0 for none."
    )

    @property
    def expressions(self) -> list[tuple[str, str]]:
        """Each expression after its key."""
        return [
            (f"multiverse.forms.{name}", text)
            for name, by_form in self.forms.items()
            for text in by_form.values()
        ]

    def fault(self, terms: dict[str, tuple[str, ...]], regions: bool) -> str:
        """Return what is wrong with it in a study, key first; empty if nothing.

        Parameters
        ----------
        terms : dict of str to (tuple of str)
            Outcome and terms of each column of two-way effects.
        regions : bool
            Whether units have regions.
        """
        for name in self.columns:
            if name not in terms:
                return (
                    f"key multiverse.columns: {name!r} is no column of two-way effects; choose "
                    f"among {', '.join(terms) or 'none'}"
                )
        if not terms:
            return "key multiverse: no column has two-way effects; leave the table out"
        if self.control_sets and self.controls != "own":
            return "key multiverse.controls: `control_sets` are named, too; keep one of the two"
        chosen = {column: terms[column] for column in self.columns or terms}
        known = list(dict.fromkeys(term for listed in chosen.values() for term in listed))
        for key, names in (
            *(("control_sets." + name, listed) for name, listed in self.control_sets.items()),
            ("forms", list(self.forms)),
        ):
            for name in names:
                if name not in known:
                    return (
                        f"key multiverse.{key}: {name!r} is in none of these columns; choose among "
                        f"{', '.join(known)}"
                    )
        by_region = ("region_by_year" in self.effects, bool(self.weights), self.without_regions)
        if any(by_region) and not regions:
            return (
                "key multiverse: regions are a choice and the study has none; name them below "
                "[data] or leave that choice out"
            )
        return ""
