//! What holds for any text, any damage and any bytes.

#![allow(clippy::arithmetic_side_effects, reason = "small numbers of a test")]

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{JsonError, parse, repair, text, truncated_id};

/// Pieces that look like damage, or like the end of a string.
const NASTY: [&str; 20] = [
    ",,", "[,]", "{,", "}", "]", "\":,\"", ":00", "-0./", "\0", "\0k", "\t", "\n", "\\", "\\u0000",
    "\"", "net", "\u{7f}", "灯", "\u{feff}", "😀",
];

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => proptest::sample::select(&NASTY[..]).prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // A quarter of a whole number survives any way of reading floats.
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 4.0)),
        string().prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((string(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A value and how it is written wrongly.
#[derive(Debug, Clone)]
enum Damaged {
    /// With its control characters raw.
    String(String),
    /// With leading zeros.
    Integer(i32, usize),
    Junk(&'static str),
    Word(&'static str),
    /// Elements may be missing.
    Array(Vec<Option<Damaged>>),
    /// Keys, values which may be missing, and extra commas; some more of these stand in front.
    Object(usize, Vec<(String, Option<Damaged>, usize)>),
}

fn damaged() -> impl Strategy<Value = Damaged> {
    let leaf = prop_oneof![
        4 => string().prop_map(Damaged::String),
        1 => (any::<i32>(), 0..3_usize).prop_map(|(n, zeros)| Damaged::Integer(n, zeros)),
        1 => proptest::sample::select(&["-0./", "+1", "-", "1.", "0x1"][..]).prop_map(Damaged::Junk),
        1 => proptest::sample::select(&["net", "on", "True", "nan"][..]).prop_map(Damaged::Word),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let maybe = proptest::option::weighted(0.7, inner);
        prop_oneof![
            proptest::collection::vec(maybe.clone(), 0..5).prop_map(Damaged::Array),
            (0..2_usize, proptest::collection::vec((string(), maybe, 0..2_usize), 0..5))
                .prop_map(|(commas, members)| Damaged::Object(commas, members)),
        ]
    })
    .prop_filter("only containers are mended", |root| {
        matches!(root, Damaged::Array(_) | Damaged::Object(..))
    })
}

impl Damaged {
    fn write(&self, out: &mut String) {
        match self {
            Self::String(string) => write_raw(string, out),
            Self::Integer(n, zeros) => {
                let sign = if *n < 0 { "-" } else { "" };
                *out += &format!("{sign}{}{}", "0".repeat(*zeros), n.unsigned_abs());
            }
            Self::Junk(word) | Self::Word(word) => *out += word,
            Self::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    *out += if i > 0 { "," } else { "" };
                    if let Some(item) = item {
                        item.write(out);
                    }
                }
                out.push(']');
            }
            Self::Object(commas, members) => {
                out.push('{');
                *out += &",".repeat(*commas);
                for (i, (key, value, commas)) in members.iter().enumerate() {
                    *out += if i > 0 { "," } else { "" };
                    write_raw(key, out);
                    out.push(':');
                    if let Some(value) = value {
                        value.write(out);
                    }
                    *out += &",".repeat(*commas);
                }
                out.push('}');
            }
        }
    }

    fn means(&self) -> Value {
        match self {
            Self::String(string) => Value::from(string.as_str()),
            Self::Integer(0, _) => Value::from(0),
            Self::Integer(n, _) => Value::from(*n),
            Self::Junk(_) => Value::Null,
            Self::Word(word) => Value::from(*word),
            Self::Array(items) if matches!(items[..], [None]) => Value::Array(Vec::new()),
            Self::Array(items) => {
                items.iter().map(|item| item.as_ref().map_or(Value::Null, Self::means)).collect()
            }
            Self::Object(_, members) => {
                let present = |(key, value, _): &(String, Option<Self>, usize)| {
                    Some((key.clone(), value.as_ref()?.means()))
                };
                Value::Object(members.iter().filter_map(present).collect::<Map<_, _>>())
            }
        }
    }
}

fn write_raw(string: &str, out: &mut String) {
    *out += &format!("\"{}\"", string.replace('\\', "\\\\").replace('"', "\\\""));
}

proptest! {
    #[test]
    fn valid_text_is_never_altered(value in value(), nuls in 0..3_usize) {
        for valid in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let padded = valid.clone() + &"\0".repeat(nuls);
            prop_assert_eq!(parse(padded.as_bytes()), Ok(value.clone()));
            prop_assert!(matches!(text(padded.as_bytes()), Ok(Cow::Borrowed(t)) if t == valid));
            let repaired = repair(&valid).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&repaired).unwrap(), value.clone());
        }
    }

    #[test]
    fn damage_around_strings_leaves_them_intact(damaged in damaged(), tail in "(\0.*)?") {
        let mut wrong = String::new();
        damaged.write(&mut wrong);
        wrong += &tail;
        prop_assert_eq!(parse(wrong.as_bytes()), Ok(damaged.means()), "{}", wrong);
    }

    #[test]
    fn cut_text_is_never_mended(damaged in damaged(), at in any::<proptest::sample::Index>()) {
        let mut cut = String::new();
        damaged.write(&mut cut);
        // The closing bracket goes at least, and the opening one stays.
        let mut end = 1 + at.index(cut.len() - 1);
        while !cut.is_char_boundary(end) {
            end -= 1;
        }
        cut.truncate(end);
        prop_assert_eq!(repair(&cut), None);
        let result = parse(cut.as_bytes());
        prop_assert!(matches!(result, Err(JsonError::Truncated { .. })), "{:?}", result);
    }

    #[test]
    fn whatever_is_mended_is_strict(
        pieces in proptest::collection::vec(
            proptest::sample::select(&[
                "{", "}", "[", "]", ",", ":", "\"", "\"k\"", "\"k\":", "\\", "\\u", "\\ud83d", "d83d",
                "0", "00", "-", ".", "e9", "999", "a", "true", " ", "\n", "\0", "灯", "\u{7f}",
            ][..]),
            0..40,
        ),
        container in any::<bool>(),
    ) {
        let soup = pieces.concat();
        let soup = if container { format!("[{soup}]") } else { soup };
        let _ = truncated_id(&soup);
        if let Some(mended) = repair(&soup) {
            prop_assert!(mended.len() <= 6 * soup.len());
            let value = serde_json::from_str::<Value>(&mended);
            prop_assert!(value.is_ok(), "{} became {}", soup, mended);
            // What is sound stays as it is.
            prop_assert_eq!(repair(&mended), Some(mended));
        }
        if let Ok(text) = text(soup.as_bytes()) {
            prop_assert_eq!(serde_json::from_str::<Value>(&text).ok(), parse(soup.as_bytes()).ok());
        }
    }

    #[test]
    fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(parse(&bytes).map(|_| ()), text(&bytes).map(|_| ()));
        let lossy = String::from_utf8_lossy(&bytes);
        let _ = (repair(&lossy), truncated_id(&lossy));
    }
}
