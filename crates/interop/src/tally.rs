//! What was exchanged with a peer, what was checked, and the table of it all.

use serde_json::Value;

/// One line of the table, and what went wrong behind it.
pub(crate) struct Tally {
    peer: &'static str,
    version: String,
    role: &'static str,
    hellos: u64,
    calls: u64,
    /// Fewer answered calls than this are a failure, whatever else was found.
    minimum: u64,
    checks: u32,
    failures: Vec<String>,
}

impl Tally {
    /// A peer with which at least `minimum` calls have to be exchanged.
    pub(crate) fn new(peer: &'static str, version: &str, role: &'static str, minimum: u64) -> Self {
        Self {
            peer,
            version: version.to_owned(),
            role,
            hellos: 0,
            calls: 0,
            minimum,
            checks: 0,
            failures: Vec::new(),
        }
    }

    /// Adds answered hellos and answered calls.
    pub(crate) fn exchanged(&mut self, hellos: u64, calls: u64) {
        self.hellos += hellos;
        self.calls += calls;
    }

    /// Notes whether something is as it has to be; `seen` is shown where it is not.
    pub(crate) fn check(&mut self, what: &str, holds: bool, seen: impl std::fmt::Debug) {
        self.checks += 1;
        if !holds {
            self.failures.push(format!("{what}: {seen:?}"));
        }
    }

    /// Notes whether a value is the one wanted.
    pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, seen: T, wanted: T) {
        self.checks += 1;
        if seen != wanted {
            self.failures.push(format!("{what}: {seen:?} where {wanted:?} was wanted"));
        }
    }

    /// Notes whether an object has at least these members, with these values.
    pub(crate) fn includes(&mut self, what: &str, seen: &Value, wanted: &Value) {
        let holds = wanted.as_object().is_some_and(|members| {
            members.iter().all(|(name, value)| seen.get(name) == Some(value))
        });
        self.checks += 1;
        if !holds {
            self.failures.push(format!("{what}: {seen} where {wanted} was wanted"));
        }
    }

    /// Notes that something could not be done at all.
    pub(crate) fn fail(&mut self, what: impl std::fmt::Display) {
        self.checks += 1;
        self.failures.push(what.to_string());
    }

    fn shortfall(&self) -> Option<String> {
        (self.calls < self.minimum).then(|| {
            format!("{} calls were answered where {} are the least", self.calls, self.minimum)
        })
    }
}

/// Prints the table and, below it, what went wrong. Returns whether nothing did.
pub(crate) fn print(tallies: &[Tally]) -> bool {
    let heading = ["peer", "version", "role", "hellos", "calls", "checks"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(heading)
        .chain(tallies.iter().map(|tally| {
            [
                tally.peer.to_owned(),
                tally.version.clone(),
                tally.role.to_owned(),
                tally.hellos.to_string(),
                tally.calls.to_string(),
                tally.checks.to_string(),
            ]
        }))
        .collect();
    let widths: [usize; 6] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0));
    println!();
    for row in &rows {
        let line: Vec<String> = row
            .iter()
            .zip(widths)
            .enumerate()
            // Text to the left, numbers to the right.
            .map(
                |(column, (cell, width))| {
                    if column < 3 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
                },
            )
            .collect();
        println!("{}", line.join("  ").trim_end());
    }
    let mut good = true;
    for tally in tallies {
        for failure in tally.failures.iter().cloned().chain(tally.shortfall()) {
            good = false;
            println!("FAILED {} ({}): {failure}", tally.peer, tally.role);
        }
    }
    good
}
