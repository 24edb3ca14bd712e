//! What a command prints: JSON for programs, text for people, never both.

mod progress;
mod style;
mod table;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;

use serde::Serialize;

use self::progress::Line;
pub(crate) use self::progress::Progress;
pub(crate) use self::style::{Style, Tone, printable};
pub(crate) use self::table::{Table, fields};
use crate::args::Options;
use crate::failure::{Failure, Kind, Report};

/// Where results go, and in which form.
#[derive(Clone)]
pub(crate) struct Output {
    json: bool,
    show_secrets: bool,
    progress: bool,
    style: Style,
    errors: Style,
    line: Arc<Line>,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            show_secrets: false,
            progress: true,
            style: Style::of(io::stdout().is_terminal()),
            errors: Style::of(io::stderr().is_terminal()),
            line: Arc::default(),
        }
    }

    /// In the manner the command line asks for.
    pub(crate) fn of(options: &Options) -> Self {
        // A line that comes and goes would tear the lines of a trace apart.
        let (show_secrets, progress) = (options.show_secrets, options.verbose == 0);
        Self { show_secrets, progress, ..Self::new(options.json) }
    }

    pub(crate) fn json(&self) -> bool {
        self.json
    }

    pub(crate) fn show_secrets(&self) -> bool {
        self.show_secrets
    }

    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// Prints a result: a line of JSON, or what `human` makes of it.
    pub(crate) fn print<T: Serialize>(
        &self,
        result: &T,
        human: impl FnOnce(&T, Style) -> String,
    ) -> Result<(), Failure> {
        if self.json { self.json_line(result) } else { self.text(&human(result, self.style)) }
    }

    fn json_line(&self, result: &impl Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(result)
            .map_err(|error| Failure::new(Kind::Internal, format!("cannot write JSON: {error}")))?;
        self.text(&line)
    }

    /// Prints a text, and a line break where it has none, at once.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        self.line.clear();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.verbatim(format!("{text}{end}").as_bytes())
    }

    /// Prints a text exactly as it is.
    pub(crate) fn verbatim(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        Ok(stdout.flush()?)
    }

    /// Tells a person something beside the result; programs do not see it.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            self.complain(text);
        }
    }

    /// Tells a person what to do; programs do not see it.
    pub(crate) fn advise(&self, hint: &str) {
        if !self.json {
            self.hint(hint);
        }
    }

    /// Asks a person; they answer by a line, also where programs read the output.
    pub(crate) fn ask(&self, question: &str) {
        // Whoever reads lines is to see it as well; on a terminal the answer stands beside it.
        let text: Vec<_> = question.lines().map(printable).collect();
        let text = text.join("\n");
        if question.ends_with('\n') || !io::stderr().is_terminal() {
            self.complain(&text);
        } else {
            self.line.clear();
            let _ = write!(io::stderr().lock(), "{text}: ");
        }
    }

    /// Shows a picture made of characters: light ones, on a dark ground whatever the terminal's is.
    pub(crate) fn picture(&self, drawn: &str) {
        for line in drawn.lines() {
            self.complain(&self.errors.paint(Tone::Picture, line));
        }
    }

    fn hint(&self, hint: &str) {
        let hint = printable(hint);
        self.complain(&format!("{} {hint}", self.errors.paint(Tone::Name, "hint:")));
    }

    /// Tells of something that is missing from the result.
    pub(crate) fn warn(&self, text: &str) {
        self.complain(&format!("{} {}", self.errors.paint(Tone::Bad, "warning:"), printable(text)));
    }

    /// While it lives, a terminal shows what is being waited for.
    pub(crate) fn waiting(&self, what: impl Into<String>) -> Progress {
        Progress::start(&self.line, what.into(), self.progress)
    }

    /// Reports how the command failed.
    pub(crate) fn failure(&self, report: &Report) {
        #[derive(Serialize)]
        struct Document<'a> {
            error: &'a Report,
        }
        if self.json && self.json_line(&Document { error: report }).is_ok() {
            return;
        }
        self.complain(&format!(
            "{} {}",
            self.errors.paint(Tone::Bad, "error:"),
            printable(&report.message)
        ));
        if let Some(hint) = &report.hint {
            self.hint(hint);
        }
    }

    /// Takes the progress line off the terminal.
    pub(crate) fn clear_progress(&self) {
        self.line.clear();
    }

    fn complain(&self, text: &str) {
        self.line.clear();
        // Where stderr is closed there is nobody to tell.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}
