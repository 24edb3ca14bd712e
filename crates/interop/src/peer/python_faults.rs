//! python-miio against devices that do something wrong, and against devices that find something
//! wrong with it.

use iot_home::sim::miio::Report;
use iot_home::sim::{Faults, Quirk};
use serde_json::{Value, json};

use super::miiocli::Miiocli;
use super::ours::{self, LIGHT};
use super::python_miio::Place;
use crate::process::Failure;
use crate::tally::Tally;

/// What a device with a quirk is asked, and what python-miio makes of the answer.
pub(super) struct Case {
    quirk: Quirk,
    arguments: &'static [&'static str],
    wanted: Value,
}

const GET_PROP: &[&str] = &["raw_command", "get_prop", "['power', 'bright']"];

/// What python-miio is known to put right. That it does so here shows that our devices are wrong in
/// the same way as those which its repairs were written for.
fn cases() -> Vec<Case> {
    let prop = |quirk| Case { quirk, arguments: GET_PROP, wanted: json!(["on", 40]) };
    let info = |quirk| Case { quirk, arguments: &["info"], wanted: json!({"model": LIGHT}) };
    vec![
        prop(Quirk::TrailingNul),
        prop(Quirk::TrailingNuls),
        prop(Quirk::TrailingGarbage),
        prop(Quirk::DoubleComma),
        prop(Quirk::ExtraKeys),
        prop(Quirk::IdZero),
        prop(Quirk::DuplicateReply),
        prop(Quirk::Garbled),
        info(Quirk::EmptyOttStat),
        info(Quirk::MissingWrapper),
        Case {
            quirk: Quirk::OkAsZero,
            arguments: &["raw_command", "set_power", "['off']"],
            wanted: json!(0),
        },
        Case {
            quirk: Quirk::ErrorInError,
            arguments: &["raw_command", "no_such_method"],
            wanted: json!({"code": -32601}),
        },
    ]
}

impl Case {
    async fn play(&self, place: Place<'_>, device: u8) -> Result<(Value, Report), Failure> {
        let addr = ours::addr(10, device);
        let sim = ours::faulty(addr, Faults::seed(1).quirk(self.quirk)).await?;
        let answer = place.cli(addr).json("device", self.arguments).await?;
        Ok((answer, sim.report()))
    }

    /// Compares the outcome with what was wanted.
    pub(super) fn judge(self, outcome: Result<(Value, Report), Failure>, tally: &mut Tally) {
        let what = format!("the quirk {}", self.quirk);
        let (answer, report) = match outcome {
            Ok(outcome) => outcome,
            Err(failure) => return tally.fail(format!("{what}: {failure}")),
        };
        if self.wanted.is_object() {
            tally.includes(&what, &answer, &self.wanted);
        } else {
            tally.equal(&what, &answer, &self.wanted);
        }
        tally.equal(&format!("{what}: refused"), report.violations.total(), 0);
        tally.exchanged(report.hellos, report.answers);
    }
}

/// One after the other, each on a device of its own.
pub(super) async fn quirks(place: Place<'_>) -> Vec<(Case, Result<(Value, Report), Failure>)> {
    let mut outcomes = Vec::new();
    for (case, device) in cases().into_iter().zip(20..) {
        let outcome = case.play(place, device).await;
        outcomes.push((case, outcome));
    }
    outcomes
}

/// A client that our device has to leave without an answer, at first or for good.
pub(super) struct Refusal {
    what: &'static str,
    /// How the last run of it ended, if it was to end well.
    answer: Option<Value>,
    /// What it logged.
    log: String,
    report: Report,
    /// Which of the device's counts shows it, and how much it has to be.
    refused: fn(&Report) -> u64,
    times: u64,
}

impl Refusal {
    /// Compares what the device refused with what it had to refuse.
    pub(super) fn judge(self, tally: &mut Tally) {
        let Self { what, answer, log, report, refused, times } = self;
        tally.equal(&format!("{what}: refused"), refused(&report), times);
        match answer {
            Some(answer) => tally.equal(what, answer, json!(["on", 40])),
            None => {
                let told = log.contains("No response from the device");
                tally.check(&format!("{what}: it says so"), told, log);
                tally.equal(&format!("{what}: answers"), report.answers, 0);
            }
        }
        tally.exchanged(report.hellos, report.answers);
    }
}

/// Hello needs no token, so that it tries four times and is never answered.
pub(super) async fn wrong_token(place: Place<'_>) -> Result<Refusal, Failure> {
    let addr = ours::addr(10, 4);
    let sim = ours::light(addr).spawn().await?;
    let cli = Miiocli::new(place.peers, place.run, addr, [0x11; 16]).model(LIGHT);
    let said = cli.run(&[], "device", GET_PROP).await?;
    Ok(Refusal {
        what: "a wrong token",
        answer: None,
        log: said.stderr,
        report: sim.report(),
        refused: |report| report.violations.bad_checksum,
        times: 4,
    })
}

/// It writes blanks, which some firmware cannot read.
pub(super) async fn blanks(place: Place<'_>) -> Result<Refusal, Failure> {
    let addr = ours::addr(10, 5);
    let sim = ours::faulty(addr, Faults::seed(1).quirk(Quirk::NoBlanks)).await?;
    let said = place.cli(addr).model(LIGHT).run(&[], "device", GET_PROP).await?;
    Ok(Refusal {
        what: "blanks in its JSON",
        answer: None,
        log: said.stderr,
        report: sim.report(),
        refused: |report| report.datagrams - report.hellos,
        times: 4,
    })
}

/// Each start of it begins with the id 1, which a device with a memory ignores the second time.
pub(super) async fn repeated_id(place: Place<'_>) -> Result<Refusal, Failure> {
    let addr = ours::addr(10, 6);
    let sim = ours::faulty(addr, Faults::seed(1).id_memory(32)).await?;
    let cli = place.cli(addr).model(LIGHT);
    cli.json("device", GET_PROP).await?;
    let said = cli.run(&["--output", "json"], "device", GET_PROP).await?;
    Ok(Refusal {
        what: "an id used before",
        answer: Some(said.json()?),
        log: said.stderr,
        report: sim.report(),
        refused: |report| report.violations.repeated_id,
        times: 1,
    })
}
