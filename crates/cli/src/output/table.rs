//! Aligned columns.

use unicode_width::UnicodeWidthStr as _;

use super::style::{Style, Tone, printable};

/// Rows of cells under headings.
pub(crate) struct Table {
    rows: Vec<Vec<(String, Option<Tone>)>>,
}

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Self {
        let heading = |text: &&str| ((*text).to_owned(), Some(Tone::Name));
        Self { rows: vec![headings.iter().map(heading).collect()] }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.toned(cells.map(|cell| (cell, None)));
    }

    pub(crate) fn toned<const N: usize>(&mut self, cells: [(String, Option<Tone>); N]) {
        let cells = cells.into_iter().map(|(text, tone)| (printable(&text).into_owned(), tone));
        self.rows.push(cells.collect());
    }

    pub(crate) fn render(&self, style: Style) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column| {
            let cells = self.rows.iter().filter_map(|row: &Vec<_>| row.get(column));
            cells.map(|(text, _): &(String, _)| text.width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = String::new();
        for row in &self.rows {
            for (column, (text, tone)) in row.iter().enumerate() {
                match tone {
                    Some(tone) => out += &style.paint(*tone, text),
                    None => out += text,
                }
                if column + 1 < row.len() {
                    let width = widths.get(column).copied().unwrap_or(0);
                    out += &" ".repeat(width.saturating_sub(text.width()) + 2);
                }
            }
            out.truncate(out.trim_end().len());
            out.push('\n');
        }
        out
    }
}

/// Names and values under one another; what has no value is left out.
pub(crate) fn fields<'a>(
    style: Style,
    fields: impl IntoIterator<Item = (&'a str, Option<String>)>,
) -> String {
    let mut table = Table { rows: Vec::new() };
    for (name, value) in fields {
        if let Some(value) = value {
            table.toned([(name.to_owned(), Some(Tone::Name)), (value, None)]);
        }
    }
    table.render(style)
}

#[cfg(test)]
mod tests {
    use super::super::style::Style;
    use super::{Table, fields};

    #[test]
    fn columns_stand_under_one_another_whatever_the_script() {
        let mut table = Table::new(&["name", "n"]);
        table.row(["灯".into(), "1".into()]);
        table.row(["lantern".into(), "2".into()]);
        let text = table.render(Style::of(false));
        assert_eq!(text, "name     n\n灯       1\nlantern  2\n");
    }

    #[test]
    fn what_is_not_known_is_not_shown() {
        let text = fields(Style::of(false), [("a", Some("1".into())), ("b", None)]);
        assert_eq!(text, "a  1\n");
    }
}
