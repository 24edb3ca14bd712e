//! Any method: what is let through is one line that a bulb can read.

use iot_home_yeelight::error::MAX_COMMAND;
use iot_home_yeelight::method::Limits;
use iot_home_yeelight::{InvalidInput, Method, Profile};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::strategies::{method, profile};

/// A command as a bulb sees it. That `params` is an array is all that is looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    id: u32,
    method: String,
    #[serde(borrow)]
    params: Vec<&'a RawValue>,
}

fn written(method: &Method, id: u32) -> Vec<u8> {
    // A buffer is appended to.
    let mut out = b"before".to_vec();
    method.write(id, &mut out);
    assert!(out.starts_with(b"before"));
    out.split_off(6)
}

proptest! {
    #[test]
    fn whatever_is_let_through_is_one_short_line_of_json(
        method in method(),
        profile in profile(),
        id in 1..=0x7fff_ffff_u32,
    ) {
        for limits in [Limits::Refuse, Limits::Clamp, Limits::Ignore] {
            let Ok(checked) = method.clone().checked(&profile, limits) else { continue };
            let line = written(&checked, id);
            prop_assert!(line.len() <= MAX_COMMAND, "{} bytes", line.len());
            let body = line.strip_suffix(b"\r\n").unwrap();
            prop_assert!(body.iter().all(|byte| *byte >= b' '), "{checked:?}");
            let read: Line<'_> = serde_json::from_slice(body).unwrap();
            prop_assert_eq!((read.id, &*read.method), (id, method.name()));
            let params: Vec<_> = read.params.iter().map(|param| param.get()).collect();
            prop_assert_eq!(format!("[{}]", params.join(",")), checked.params());
        }
    }

    #[test]
    fn what_is_clamped_is_within_every_range(method in method(), profile in profile()) {
        match method.clone().checked(&profile, Limits::Clamp) {
            Ok(clamped) => {
                prop_assert_eq!(clamped.name(), method.name());
                let again = clamped.clone().checked(&profile, Limits::Refuse);
                prop_assert_eq!(again.as_ref(), Ok(&clamped));
                prop_assert_eq!(clamped.clone().checked(&profile, Limits::Clamp), Ok(clamped));
            }
            // No value is the nearest to these.
            Err(
                InvalidInput::NotSupported { .. }
                | InvalidInput::NoColor { .. }
                | InvalidInput::NoSteps
                | InvalidInput::ColorAdjust
                | InvalidInput::NameTooLong { .. }
                | InvalidInput::NoProperties
                | InvalidInput::TooManyProperties { .. }
                | InvalidInput::TooLong { .. },
            ) => {}
            Err(other) => prop_assert!(false, "{other:?} could have been clamped"),
        }
    }

    #[test]
    fn what_is_refused_is_not_let_through_by_a_narrower_limit(
        method in method(),
        profile in profile(),
    ) {
        let refused = method.clone().checked(&profile, Limits::Refuse);
        let clamped = method.clone().checked(&profile, Limits::Clamp);
        let ignored = method.clone().checked(&profile, Limits::Ignore);
        if let Ok(sound) = &refused {
            // What is sound is never touched.
            prop_assert_eq!(sound, &method);
            prop_assert_eq!(clamped.as_ref(), Ok(&method));
            prop_assert_eq!(ignored.as_ref(), Ok(&method));
        }
        if let Ok(ignored) = &ignored {
            prop_assert_eq!(ignored, &method);
        }
        // The widest of all profiles takes what any takes.
        if let Ok(sound) = refused {
            let anywhere = sound.clone().checked(&Profile::unknown(), Limits::Refuse);
            prop_assert_eq!(anywhere, Ok(sound));
        }
    }

    #[test]
    fn any_text_as_a_raw_method(name in ".{0,80}", params in ".{0,40}") {
        if let Ok(method) = Method::raw(&name, &params) {
            let line = written(&method, 1);
            serde_json::from_slice::<Line<'_>>(line.strip_suffix(b"\r\n").unwrap()).unwrap();
            prop_assert_eq!(method.name(), name);
        }
    }

    #[test]
    fn blanks_between_the_parameters_of_a_raw_method_say_nothing(
        params in proptest::collection::vec(crate::strategies::json(), 0..5),
    ) {
        let params = Value::from(params);
        let spaced = Method::raw("x", &format!("{params:#}")).unwrap();
        prop_assert_eq!(&spaced, &Method::raw("x", &params.to_string()).unwrap());
        prop_assert_eq!(spaced.params(), params.to_string());
    }
}
