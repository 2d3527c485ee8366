//! Tables as kubectl prints them: a header in capitals, three blanks between columns, no borders.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::clean::clean;
use super::colour::{Tone, paint};

/// The blanks between two columns.
const GAP: usize = 3;

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Row>,
}

/// One row, and the lines below it.
#[derive(Clone, Debug, Default)]
pub struct Row {
    cells: Vec<Cell>,
    notes: Vec<String>,
}

/// One cell.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// Returns a cell of this tone.
    pub fn new(text: impl AsRef<str>, tone: Tone) -> Self {
        Self { text: clean(text.as_ref()), tone }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text, Tone::Plain)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(text, Tone::Plain)
    }
}

impl Row {
    /// Returns a row. An empty cell is printed as kubectl prints one.
    pub fn new(cells: impl IntoIterator<Item = Cell>) -> Self {
        Self { cells: cells.into_iter().collect(), notes: Vec::new() }
    }

    /// Adds a line below the row.
    pub fn note(mut self, line: impl AsRef<str>) -> Self {
        self.notes.push(clean(line.as_ref()));
        self
    }
}

impl Table {
    /// Returns a table without rows.
    pub fn new(header: impl IntoIterator<Item = &'static str>) -> Self {
        Self { header: header.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Returns the table as text.
    pub fn text(&self, with_header: bool) -> String {
        let widths = self.widths(with_header);
        let mut text = String::new();
        if with_header {
            let cells: Vec<Cell> = self.header.iter().map(|name| Cell::from(*name)).collect();
            line(&mut text, &cells, &widths);
        }
        for row in &self.rows {
            line(&mut text, &row.cells, &widths);
            for note in &row.notes {
                let _ = writeln!(text, "    {note}");
            }
        }
        text
    }

    fn widths(&self, with_header: bool) -> Vec<usize> {
        let column = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.cells.get(at)).map(|cell| shown(cell).width());
            let header = if with_header { self.header[at].width() } else { 0 };
            cells.max().unwrap_or_default().max(header)
        };
        (0..self.header.len()).map(column).collect()
    }
}

fn line(text: &mut String, cells: &[Cell], widths: &[usize]) {
    let last = cells.len().saturating_sub(1);
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let shown = shown(cell);
        text.push_str(&paint(shown, cell.tone));
        if at < last {
            text.extend(std::iter::repeat_n(' ', width - shown.width() + GAP));
        }
    }
    text.push('\n');
}

/// Returns what is printed of a cell: kubectl prints `<none>` where there is nothing.
fn shown(cell: &Cell) -> &str {
    if cell.text.is_empty() { "<none>" } else { &cell.text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["NAME", "READY", "AGE"]);
        table.push(Row::new(["db".into(), Cell::new("True", Tone::Good), "5m".into()]));
        table.push(Row::new(["größe".into(), Cell::new("False", Tone::Bad), "".into()]).note("what").note("→ do"));
        table
    }

    #[test]
    fn columns_are_as_wide_as_what_is_seen_of_them() {
        let text = anstream::adapter::strip_str(&table().text(true)).to_string();
        let expected = "NAME    READY   AGE\ndb      True    5m\ngröße   False   <none>\n    what\n    → do\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn without_a_header_columns_are_as_wide_as_their_cells() {
        let text = anstream::adapter::strip_str(&table().text(false)).to_string();
        assert!(text.starts_with("db      True    5m\n"), "{text}");
        assert_eq!(Table::new(["A"]).text(false), "");
    }

    #[test]
    fn colours_only_repeat_what_words_say() {
        let text = table().text(true);
        assert!(text.contains("\u{1b}[31mFalse\u{1b}[0m"), "{text:?}");
        assert!(!text.contains("\u{1b}[0m   5m\u{1b}"), "{text:?}");
    }
}
