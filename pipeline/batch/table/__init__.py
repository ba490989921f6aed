"""What a run made as a table, one row a story and language, in Parquet: docs/table.md."""
