//! Tables of text: columns side by side, without lines.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

/// A table whose first columns are text and whose others are numbers.
pub(crate) struct Columns {
    table: Table,
    texts: usize,
}

impl Columns {
    /// A table with these headings, of which the first `texts` are of text.
    pub(crate) fn new(headings: &[&str], texts: usize) -> Self {
        let mut table = Table::new();
        table.load_style(NOTHING);
        table.set_header(headings.to_vec());
        Self { table, texts }
    }

    /// Adds a row, of text that is safe for a terminal.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.table.add_row(cells);
    }

    /// Returns the lines.
    pub(crate) fn lines(mut self) -> Vec<String> {
        for column in self.table.column_iter_mut().skip(self.texts) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        // it begins where the line begins
        if let Some(first) = self.table.column_mut(0) {
            first.set_padding((0, 1));
        }
        self.table.lines().map(|line| line.trim_end().to_owned()).collect()
    }
}
