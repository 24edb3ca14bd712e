//! Any bytes in any pieces on a control connection: they are read alike however they are cut, and a session with
//! commands under way keeps its promises. The input is a script, one step a line, so that inputs can be read and written
//! by hand; see [`step`].
#![no_main]

// The books of the property tests: a fuzzer finds other ways than they do to make them disagree.
#[path = "../../yeelight/tests/it/session_model.rs"]
mod session_model;

use std::time::Duration;

use iot_home_yeelight::QuotaPolicy;
use iot_home_yeelight::line::Lines;
use iot_home_yeelight::message::Message;
use libfuzzer_sys::fuzz_target;
use session_model::{Answer, Model, Settings};

/// Steps of one script.
const STEPS: usize = 300;
/// Commands that may wait at the same time.
const WAITING: usize = 100;

/// What the bulb says in this step: the line as it is, with LF, or with CR LF behind it.
fn said(line: &[u8]) -> Option<Vec<u8>> {
    let (kind, said) = line.split_first()?;
    match kind {
        b'<' => Some(said.to_vec()),
        b'|' => Some([said, b"\n"].concat()),
        b'>' => Some([said, b"\r\n"].concat()),
        _ => None,
    }
}

/// However a stream is cut, its lines and their messages are the same.
fn read(stream: &[u8], pieces: &[Vec<u8>]) {
    let collect = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut lines = Lines::new(1_000);
        let (mut all, mut messages, mut garbage) = (Vec::new(), Vec::new(), 0);
        for piece in pieces {
            lines.feed(piece, |line| {
                assert!(!line.is_empty() && line.len() <= 1_000 && !line.contains(&b'\n'));
                let before = messages.len();
                garbage += u32::from(Message::read_line(line, |message| messages.push(message)));
                let braces = line.iter().filter(|byte| **byte == b'{').count();
                assert!(messages.len() - before <= braces.min(64));
                all.push(line.to_vec());
            });
        }
        (all, messages, garbage, lines.dropped(), lines.is_within_line())
    };
    let whole = collect(&mut std::iter::once(stream));
    assert_eq!(whole, collect(&mut pieces.iter().map(Vec::as_slice)));
    assert_eq!(whole, collect(&mut stream.chunks(1)));
    for message in whole.1 {
        let _ = format!("{message:?}");
        if let Message::Result(reply) = message {
            let _ = (reply.values(), reply.is_ok());
        }
    }
}

fn settings(line: &[u8]) -> Settings {
    let at =
        |index: usize, most: usize| line.get(index).map_or(0, |byte| usize::from(*byte) % most);
    let millis = |all: &[u64], index| Duration::from_millis(all[at(index, all.len())]);
    Settings {
        timeout: millis(&[5_000, 200, 30_000], 1),
        settle: millis(&[0, 100, 2_000], 2),
        keep_alive: [None, Some(60), Some(1), Some(20)][at(3, 4)].map(Duration::from_secs),
        quota: [QuotaPolicy::Wait, QuotaPolicy::Refuse, QuotaPolicy::Off][at(4, 3)],
        read_state: at(5, 2) == 1,
        max_waiting: [WAITING, 0, 1, 3][at(6, 4)],
        obeys: at(7, 2) == 0,
    }
}

/// `c`onnect, `d`isconnect, `a`sk, `f`lood, e`x`it a command, answer by `o`, `v`, `e`, `q`, `t` or `n`, `m`ore of other
/// programs, stuc`k`, `l`oose, `w`ait so many milliseconds, `s`leep; and what [the bulb says](said).
fn step(model: &mut Model, line: &[u8]) {
    let Some((kind, rest)) = line.split_first() else { return };
    let number = str::from_utf8(rest).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let number = number.unwrap_or(0);
    let which = usize::try_from(number).unwrap_or(0);
    match kind {
        b'c' => model.connect(),
        b'd' => model.disconnect(),
        b'a' => model.ask(number.to_le_bytes()[0]),
        b'f' => model.ask_all(which % WAITING),
        b'x' => model.cancel(which),
        b'o' => model.answer(which, Answer::Ok),
        b'v' => model.answer(which, Answer::Values),
        b'e' => model.answer(which, Answer::General),
        b'q' => model.answer(which, Answer::Quota),
        b't' => model.answer(which, Answer::IdAsText),
        b'n' => model.answer(which, Answer::NoId),
        b'm' => model.others(which % 200),
        b'k' => model.stick(true),
        b'l' => model.stick(false),
        b'w' => model.wait(Duration::from_millis(u64::from(number % 200_000))),
        b's' => model.sleep(),
        _ => {
            if let Some(bytes) = said(line) {
                model.bytes(&bytes);
            }
        }
    }
}

fuzz_target!(|script: &[u8]| {
    let lines: Vec<_> = script.split(|byte| *byte == b'\n').take(STEPS).collect();
    let pieces: Vec<_> = lines.iter().filter_map(|line| said(line)).collect();
    read(&pieces.concat(), &pieces);

    let mut steps = lines.into_iter().peekable();
    let first = steps.next_if(|line| line.starts_with(b"S")).unwrap_or_default();
    let mut model = Model::new(settings(first));
    model.connect();
    for line in steps {
        step(&mut model, line);
        assert!(model.under_way() <= WAITING && model.unanswered() <= 4_096);
    }
    model.finish();
});
