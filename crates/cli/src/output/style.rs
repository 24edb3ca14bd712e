//! Colours, where a terminal takes them, and text that cannot drive a terminal.

use std::borrow::Cow;
use std::env;

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    colours: bool,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A heading or the name of a value.
    Name,
    /// It went well.
    Good,
    /// It did not.
    Bad,
    /// Light characters on a dark ground.
    Picture,
    /// Of less interest.
    Faint,
}

impl Style {
    pub(super) fn of(terminal: bool) -> Self {
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colours: terminal && !unwanted && !is_dumb() }
    }

    pub(crate) fn paint<'a>(self, tone: Tone, text: &'a str) -> Cow<'a, str> {
        if !self.colours {
            return text.into();
        }
        let code = match tone {
            Tone::Name => "1",
            Tone::Good => "32",
            Tone::Bad => "1;31",
            Tone::Picture => "97;40",
            Tone::Faint => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m").into()
    }
}

/// Whether the terminal takes no control sequences.
pub(super) fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Text of a device's, with everything written out that would move a cursor or ring a bell.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| {
        // Marks that turn the direction of writing, or have no width, can disguise what is shown.
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(hidden) {
        return text.into();
    }
    let shown = text
        .chars()
        .map(|c| if hidden(c) { c.escape_default().to_string() } else { c.to_string() });
    shown.collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::{Style, Tone, printable};

    #[test]
    fn colours_only_where_wanted() {
        assert_eq!(Style { colours: false }.paint(Tone::Bad, "no"), "no");
        assert_eq!(Style { colours: true }.paint(Tone::Bad, "no"), "\x1b[1;31mno\x1b[0m");
    }

    #[test]
    fn a_name_cannot_drive_the_terminal() {
        assert_eq!(printable("灯 \"A\""), "灯 \"A\"");
        assert_eq!(printable("a\x1b[2J\u{9b}\u{202e}b\n"), "a\\u{1b}[2J\\u{9b}\\u{202e}b\\n");
    }
}
