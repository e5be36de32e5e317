"""Raw tables: reading them, learning their columns, predicting from them."""

from __future__ import annotations

from ravine.ground.packages import needs
from ravine.tables.coding import ROBUST, STANDARD, Coding
from ravine.tables.columns import (
    BinaryColumn,
    BooleanColumn,
    CategoryColumn,
    CodeColumn,
    Column,
    DateColumn,
    NumberColumn,
    OrderedColumn,
    RobustColumn,
)
from ravine.tables.columns.learning import learn_column
from ravine.tables.finding import check_column, drop_columns, rows_with_target
from ravine.tables.fitted.baseline import baseline_model
from ravine.tables.fitted.networks import default_network, fit_to_schema
from ravine.tables.fitted.table_model import TableModel
from ravine.tables.frames import as_frame
from ravine.tables.reading import read_table, table_stem
from ravine.tables.schema import TableSchema
from ravine.tables.splitting import Split, split_rows
from ravine.tables.target import Target, infer_task

needs("A table", "pandas", "narwhals")

__all__ = [
    "ROBUST",
    "STANDARD",
    "BinaryColumn",
    "BooleanColumn",
    "CategoryColumn",
    "CodeColumn",
    "Coding",
    "Column",
    "DateColumn",
    "NumberColumn",
    "OrderedColumn",
    "RobustColumn",
    "Split",
    "TableModel",
    "TableSchema",
    "Target",
    "as_frame",
    "baseline_model",
    "check_column",
    "default_network",
    "drop_columns",
    "fit_to_schema",
    "infer_task",
    "learn_column",
    "read_table",
    "rows_with_target",
    "split_rows",
    "table_stem",
]
