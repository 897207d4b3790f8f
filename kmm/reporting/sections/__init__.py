"""The sections of a report, each a function from a `ReportContext` to a `Section`."""
