"""A course on paper: what is printed, in words, and the pages that typst sets.

`asking` says which report is wanted, `contents` what it holds, `told` what it says in sentences;
`typesetting` makes PDF and PNG out of it, and `handing_out` is what the areas and the command line
call. `report.typ` lays the pages out; it gets data alone, so that nothing a person typed is read as
markup.
"""
