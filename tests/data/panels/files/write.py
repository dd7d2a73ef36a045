"""Write the files of pyreadstat, pandas and openpyxl from panel.csv: python write.py."""

from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat

here = Path(__file__).parent
panel = pd.read_csv(here / "panel.csv")
codes = {name: code for code, name in enumerate(panel["province"].unique(), 1)}
coded = panel.assign(province=panel["province"].map(codes))
labels = {"province": {code: name for name, code in codes.items()}, "x": {7: "seven"}}
pyreadstat.write_sav(coded, here / "panel.sav", variable_value_labels=labels)
pyreadstat.write_dta(coded, here / "labels.dta", variable_value_labels=labels)
holes = panel.astype({"x": object})
holes.loc[4, "x"] = "b"
pyreadstat.write_dta(holes, here / "missing.dta", missing_user_values={"x": ["b"]})
dated = panel.assign(year=pd.to_datetime(panel["year"].astype(str)))
dated.to_stata(here / "years.dta", write_index=False, convert_dates={"year": "ty"})

book = openpyxl.Workbook()
book.active.title = "notes"
book.active.append(["This sheet holds no table."])
sheet = book.create_sheet("panel")
sheet.append(["Three provinces, 2010-2012"])
sheet.append([])
sheet.append(list(panel.columns))
for row in panel.itertuples(index=False):
    first = row.year == panel["year"].min()
    sheet.append([row.province if first else None, *row[1:]])
for top in (4, 7, 10):
    sheet.merge_cells(start_row=top, end_row=top + 2, start_column=1, end_column=1)
sheet.append(["Source: made for a test"])
book.save(here / "panel.xlsx")
sheet["E4"] = "=D4*15"
book.save(here / "formula.xlsx")
