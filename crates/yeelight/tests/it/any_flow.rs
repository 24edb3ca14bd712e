//! Any flow, and any text that might be one.

use iot_home_yeelight::flow::StepChange;
use iot_home_yeelight::{Flow, InvalidInput, ParseFlowError, Step};
use proptest::prelude::*;

use crate::strategies::{flow, written_flow};

/// What the protocol says of a step, put down here once more.
fn is_sound(step: &Step, (low, high): (u16, u16)) -> bool {
    let value = match step.change() {
        StepChange::Rgb(rgb) => (1..=16_777_215).contains(&rgb.0),
        StepChange::Temperature(kelvin) => low <= kelvin && kelvin <= high,
        StepChange::Pause => true,
    };
    let bright = step.brightness().is_none_or(|bright| (1..=100).contains(&bright));
    value && bright && (50..=2_147_483_647).contains(&step.duration().as_millis())
}

fn ranges() -> impl Strategy<Value = (u16, u16)> {
    proptest::sample::select(&[(1_700, 6_500), (2_700, 6_500), (2_700, 2_700), (0, u16::MAX)][..])
}

proptest! {
    #[test]
    fn a_sound_flow_survives_its_text(flow in written_flow(), range in ranges()) {
        let flow = flow.clamped(range);
        let text = flow.to_string();
        let numbers: Vec<_> = text.split(',').collect();
        prop_assert_eq!(numbers.len(), 2 + 4 * flow.steps().len());
        prop_assert!(numbers.iter().all(|number| number.parse::<i64>().is_ok()), "{}", text);
        prop_assert_eq!(numbers[2..].join(","), flow.expression());
        prop_assert_eq!(text.parse(), Ok(flow.clone()));
        prop_assert_eq!(numbers.join(" ,\t").parse(), Ok(flow));
    }

    #[test]
    fn a_flow_is_sound_exactly_when_each_of_its_values_is(flow in flow(), range in ranges()) {
        let count = flow.change_count() <= 2_147_483_647;
        let first = flow.steps().iter().position(|step| !is_sound(step, range));
        match flow.check(range) {
            Ok(()) => prop_assert!(count && first.is_none() && !flow.steps().is_empty()),
            Err(InvalidInput::NoSteps) => prop_assert!(flow.steps().is_empty()),
            Err(InvalidInput::OutOfRange { what: "count", value, low: 0, high: 2_147_483_647, .. }) => {
                prop_assert_eq!((count, value), (false, flow.change_count().into()));
            }
            Err(InvalidInput::Step { step, value, low, high, .. }) => {
                prop_assert_eq!(Some(step), first);
                prop_assert!(!(low..=high).contains(&value));
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn a_clamped_flow_is_sound_and_a_sound_one_stays_as_it_is(flow in flow(), range in ranges()) {
        let clamped = flow.clone().clamped(range);
        if flow.steps().is_empty() {
            prop_assert_eq!(clamped.check(range), Err(InvalidInput::NoSteps));
        } else {
            prop_assert_eq!(clamped.check(range), Ok(()));
        }
        prop_assert_eq!((clamped.steps().len(), clamped.end()), (flow.steps().len(), flow.end()));
        prop_assert_eq!(&clamped.clone().clamped(range), &clamped);
        for (before, after) in flow.steps().iter().zip(clamped.steps()) {
            let sound = is_sound(before, range);
            // A duration may be longer than the longest by less than a millisecond.
            let same = before == after || before.duration().subsec_nanos() % 1_000_000 != 0;
            prop_assert!(!sound || same, "{before:?} became {after:?}");
        }
        if let Some(duration) = clamped.duration() {
            prop_assert!(!clamped.steps().is_empty() && clamped.change_count() > 0);
            let shortest = 50 * u128::from(clamped.change_count());
            prop_assert!(duration.as_millis() >= shortest);
        }
    }

    #[test]
    fn any_text_is_a_flow_or_none(text in "[0-9,. -]{0,40}|.{0,40}") {
        if let Ok(flow) = text.parse::<Flow>() {
            // What was read is what is written.
            prop_assert_eq!(flow.to_string().parse(), Ok(flow));
        }
    }

    #[test]
    fn numbers_are_a_flow_or_say_which_is_wrong(
        numbers in proptest::collection::vec(
            prop_oneof![4 => -1..8_i64, 2 => 0..7_000_i64, 1 => any::<i64>()], 0..15,
        ),
    ) {
        let text = numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        match text.parse::<Flow>() {
            Ok(flow) => {
                prop_assert_eq!(numbers.len(), 2 + 4 * flow.steps().len());
                prop_assert_eq!(i64::from(flow.change_count()), numbers[0]);
                prop_assert_eq!(i64::from(flow.end().number()), numbers[1]);
                prop_assert_eq!(flow.to_string().parse(), Ok(flow));
            }
            Err(ParseFlowError::Number { field }) => {
                // The head's; an empty text is one field that is no number.
                prop_assert!(field < 2 && (numbers.is_empty() || field < numbers.len()));
            }
            Err(ParseFlowError::Cut) => {
                prop_assert!(numbers.len() < 2 || !(numbers.len() - 2).is_multiple_of(4));
            }
            Err(ParseFlowError::Step { step }) => {
                let mode = numbers[2 + 4 * step + 1];
                let known = [1, 2, 7].contains(&mode);
                let sound = numbers[2 + 4 * step..][..4].iter().all(|number| (0..256).contains(number));
                prop_assert!(!known || !sound, "{}", text);
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
