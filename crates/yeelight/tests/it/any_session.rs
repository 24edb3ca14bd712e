//! A session through anything that may happen to it, in any order.

use std::time::Duration;

use iot_home_yeelight::QuotaPolicy;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::session_model::{Answer, Model, Settings};

#[derive(Clone, Debug)]
enum Step {
    Connect,
    Disconnect,
    Ask(u8),
    /// Many at once.
    Flood(u8),
    Cancel(usize),
    Answer(usize, Answer),
    Bytes(Vec<u8>),
    Others(usize),
    Stick(bool),
    Wait(Duration),
    Sleep,
}

fn settings() -> impl Strategy<Value = Settings> {
    let millis = |all: &'static [u64]| select(all).prop_map(Duration::from_millis);
    let quota = select(&[QuotaPolicy::Wait, QuotaPolicy::Refuse, QuotaPolicy::Off][..]);
    let keep_alive = proptest::option::of(millis(&[1_000, 20_000, 60_000]));
    (
        millis(&[200, 5_000, 30_000]),
        millis(&[0, 100, 2_000]),
        keep_alive,
        quota,
        any::<bool>(),
        select(&[0, 1, 3, 40, 300][..]),
        any::<bool>(),
    )
        .prop_map(|(timeout, settle, keep_alive, quota, read_state, max_waiting, obeys)| {
            Settings { timeout, settle, keep_alive, quota, read_state, max_waiting, obeys }
        })
}

/// What a bulb may say, sound or not, whole or not.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let lines = [
        "{\"id\":1, \"result\":[\"ok\"]}\r\n",
        "{\"id\":2,\"result\":[\"on\",\"50\"]}\r\n{\"id\":3,\"result\":[]}\r\n",
        "{\"id\":0, \"error\":{\"code\":-1, \"message\":\"invalid command\"}}\r\n",
        "{\"id\":4, \"error\":{\"code\":-1, \"message\":\"client quota exceeded\"}}\r\n",
        "{\"result\":[\"ok\"]}\r\n",
        "{\"method\":\"props\",\"params\":{\"power\":\"on\",\"bright\":5}}\r\n",
        "{\"method\":\"props\",\"params\":{\"power\":\"off\"}}\r\n",
        "{\"method\":\"props\",\"params\":{\"bg_power\":\"on\"}}\r\n",
        "{\"method\":\"props\",\"params\":{\"made_up\":1}}\r\n",
        "{\"method\":\"props\"}\r\n",
        "{\"id\":",
        "5, \"result\":[\"ok\"]}\r\n",
        "garbage\r\n",
        "\r\n",
        "{{{{",
    ];
    prop_oneof![
        8 => select(lines.to_vec()).prop_map(|line| line.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..60),
        1 => (0..20_000_usize).prop_map(|length| vec![b'x'; length]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let answers = [
        Answer::Ok,
        Answer::Values,
        Answer::General,
        Answer::Quota,
        Answer::IdAsText,
        Answer::NoId,
    ];
    let wait = prop_oneof![
        3 => 0..200_u64,
        3 => 0..6_000_u64,
        1 => 0..130_000_u64,
    ];
    prop_oneof![
        2 => Just(Step::Connect),
        1 => Just(Step::Disconnect),
        8 => any::<u8>().prop_map(Step::Ask),
        1 => any::<u8>().prop_map(Step::Flood),
        2 => any::<usize>().prop_map(Step::Cancel),
        7 => (any::<usize>(), select(answers.to_vec()))
            .prop_map(|(which, how)| Step::Answer(which, how)),
        4 => bytes().prop_map(Step::Bytes),
        1 => (0..150_usize).prop_map(Step::Others),
        1 => any::<bool>().prop_map(Step::Stick),
        5 => wait.prop_map(|millis| Step::Wait(Duration::from_millis(millis))),
        2 => Just(Step::Sleep),
    ]
}

fn play(model: &mut Model, step: Step) {
    match step {
        Step::Connect => model.connect(),
        Step::Disconnect => model.disconnect(),
        Step::Ask(kind) => model.ask(kind),
        Step::Flood(commands) => (0..commands).for_each(|kind| model.ask(kind % 4)),
        Step::Cancel(which) => model.cancel(which),
        Step::Answer(which, how) => model.answer(which, how),
        Step::Bytes(bytes) => model.bytes(&bytes),
        Step::Others(commands) => model.others(commands),
        Step::Stick(stuck) => model.stick(stuck),
        Step::Wait(duration) => model.wait(duration),
        Step::Sleep => model.sleep(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_happens_every_command_ends_once_and_in_time_and_the_quota_is_kept(
        settings in settings(),
        steps in vec(step(), 0..80),
    ) {
        let mut model = Model::new(settings);
        model.connect();
        for step in steps {
            play(&mut model, step);
        }
        model.finish();
    }
}

const QUICK: Settings = Settings {
    timeout: Duration::from_secs(5),
    settle: Duration::ZERO,
    keep_alive: None,
    quota: QuotaPolicy::Off,
    read_state: false,
    max_waiting: 10_000,
    obeys: true,
};

#[test]
fn a_command_that_is_never_answered_holds_up_a_crowd_behind_it_and_no_longer_than_its_time() {
    let mut model = Model::new(QUICK);
    model.connect();
    model.ask(0);
    for _ in 0..5_000 {
        model.ask(0);
        // The newest, while there is one behind the first.
        if model.unanswered() > 1 {
            model.answer(1, Answer::Ok);
        }
    }
    assert!(model.under_way() > 500, "the first one holds the others up");
    model.wait(Duration::from_secs(5));
    model.finish();
}

#[test]
fn more_than_may_be_unanswered_wait_for_their_turn() {
    let mut model = Model::new(QUICK);
    model.connect();
    model.ask_all(9_000);
    assert_eq!(model.unanswered(), 4_096);
    model.finish();
}

#[test]
fn a_thousand_commands_go_out_a_minutes_worth_at_a_time() {
    let mut model = Model::new(Settings { quota: QuotaPolicy::Wait, ..QUICK });
    model.connect();
    model.ask_all(1_000);
    for minute in 1..=16_usize {
        while model.under_way() > 1_000 - 60 * minute {
            model.answer(0, Answer::Ok);
        }
        model.wait(Duration::from_secs(61));
    }
    model.finish();
}
