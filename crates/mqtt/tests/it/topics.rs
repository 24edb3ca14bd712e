//! Topics: what may be one, and what a filter takes in.

use iot_home_mqtt::topic::{InvalidTopic, MAX_LENGTH, check_filter, check_name, matches};
use proptest::prelude::*;

#[test]
fn names() {
    for name in
        ["a", "/", "//", "a b", " ", "/sys/a1X2bEnP82z/lamp-1/thing", "$shadow/x", "主题/一"]
    {
        assert_eq!(check_name(name), Ok(()), "{name:?}");
    }
    for (name, error) in [
        ("", InvalidTopic::Empty),
        ("a\0", InvalidTopic::Nul { position: 2 }),
        ("主\0#", InvalidTopic::Nul { position: 2 }),
        ("a/#", InvalidTopic::Wildcard { position: 3 }),
        ("+/a", InvalidTopic::Wildcard { position: 1 }),
        ("a+b", InvalidTopic::Wildcard { position: 2 }),
        ("主/+\0", InvalidTopic::Wildcard { position: 3 }),
    ] {
        assert_eq!(check_name(name), Err(error), "{name:?}");
    }
}

#[test]
fn filters() {
    for filter in ["#", "+", "/", "a/#", "/#", "+/+", "/+", "+/", "a/+/b", "+/a/#", "a", "$SYS/#"] {
        assert_eq!(check_filter(filter), Ok(()), "{filter:?}");
    }
    let (single, multi) = (
        |position| InvalidTopic::SingleLevel { position },
        |position| InvalidTopic::MultiLevel { position },
    );
    for (filter, error) in [
        ("", InvalidTopic::Empty),
        ("\0", InvalidTopic::Nul { position: 1 }),
        ("a/\0/#/b", InvalidTopic::Nul { position: 3 }),
        ("a#", multi(2)),
        ("#/", multi(1)),
        ("##", multi(1)),
        ("a/#/b", multi(3)),
        ("sport/tennis#", multi(13)),
        ("主/题#", multi(4)),
        ("a+", single(2)),
        ("+a", single(1)),
        ("++", single(1)),
        ("a/+b/#/c", single(3)),
        ("+#", single(1)),
        ("#+", multi(1)),
    ] {
        assert_eq!(check_filter(filter), Err(error), "{filter:?}");
    }
}

#[test]
fn the_longest() {
    // Of bytes, not of characters.
    for (text, fits) in [
        ("a".repeat(MAX_LENGTH), true),
        ("a".repeat(MAX_LENGTH + 1), false),
        ("主".repeat(21_845), true),
        ("主".repeat(21_846), false),
    ] {
        let expected = if fits { Ok(()) } else { Err(InvalidTopic::Length { length: text.len() }) };
        assert_eq!(check_name(&text), expected);
        assert_eq!(check_filter(&text), expected);
    }
}

#[test]
fn errors_say_where() {
    let text = check_filter("/sys/+x/#").unwrap_err().to_string();
    assert_eq!(text, "the + at character 6 of the filter has to stand alone between slashes");
}

/// The examples of the specification, sections 4.7.1 and 4.7.2, and what they leave open.
#[test]
fn what_a_filter_takes_in() {
    for (filter, name, expected) in [
        ("sport/tennis/player1/#", "sport/tennis/player1", true),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
        ("sport/tennis/player1/#", "sport/tennis/player10", false),
        ("sport/#", "sport", true),
        ("#", "sport", true),
        ("#", "/", true),
        ("sport/tennis/+", "sport/tennis/player1", true),
        ("sport/tennis/+", "sport/tennis/player1/ranking", false),
        ("sport/+", "sport", false),
        ("sport/+", "sport/", true),
        ("+/+", "/finance", true),
        ("/+", "/finance", true),
        ("+", "/finance", false),
        ("#", "$SYS/monitor", false),
        ("+/monitor/Clients", "$SYS/monitor/Clients", false),
        ("$SYS/#", "$SYS/monitor", true),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
        ("a/+", "a/$b", true),
        ("a/#", "a/$b", true),
        ("ACCOUNTS", "Accounts", false),
        ("/finance", "finance", false),
        ("a", "a/", false),
        ("a/", "a", false),
        ("a//b", "a/b", false),
        ("a/+/b", "a//b", true),
        ("主/+", "主/题", true),
    ] {
        assert_eq!(matches(filter, name), expected, "{filter:?} {name:?}");
    }
}

/// What a filter takes in, told level by level and from the other end of the rules.
fn reference(filter: &[&str], name: &[&str]) -> bool {
    match (filter, name) {
        ([], []) => true,
        (["#"], _) => true,
        (["+", filter @ ..], [_, name @ ..]) => reference(filter, name),
        ([level, filter @ ..], [own, name @ ..]) => level == own && reference(filter, name),
        _ => false,
    }
}

#[test]
fn every_short_filter_and_name() {
    fn texts(levels: &[&'static str]) -> Vec<Vec<&'static str>> {
        let mut all = vec![vec![]];
        for from in 0..85 {
            let longer: Vec<_> =
                levels.iter().map(|level| [&all[from][..], &[*level]].concat()).collect();
            all.extend(longer);
        }
        all.split_off(1)
    }
    let mut seen = [0_usize; 2];
    for filter in texts(&["", "a", "+", "#"]) {
        let text = filter.join("/");
        let right = filter.iter().rev().skip(1).all(|level| *level != "#");
        // A level of nothing is no topic.
        assert_eq!(check_filter(&text).is_ok(), right && !text.is_empty(), "{text:?}");
        if !right {
            continue;
        }
        for name in texts(&["", "a", "b", "$a"]) {
            let hidden = name[0].starts_with('$') && ["+", "#"].contains(&filter[0]);
            let expected = reference(&filter, &name) && !hidden;
            seen[usize::from(expected)] += 1;
            assert_eq!(matches(&text, &name.join("/")), expected, "{text:?} {name:?}");
        }
    }
    assert!(seen.iter().all(|seen| *seen > 500), "{seen:?}");
}

proptest! {
    #[test]
    fn any_text_is_judged(filter in "\\PC*", name in "\\PC*") {
        let _ = (check_filter(&filter), check_name(&name), matches(&filter, &name));
        // A name is a filter as well, of itself.
        if check_name(&name).is_ok() {
            prop_assert_eq!(check_filter(&name), Ok(()));
            prop_assert!(matches(&name, &name));
        }
    }

    #[test]
    fn a_filter_made_of_a_name_takes_it_in(
        levels in prop::collection::vec("[a-c/$]{0,3}", 1..6),
        wild in any::<u8>(),
        cut in 0..7_usize,
    ) {
        let name = levels.join("/");
        prop_assume!(!name.is_empty());
        let mut filter: Vec<_> = name.split('/').collect();
        for (bit, level) in filter.iter_mut().enumerate() {
            if wild >> (bit % 8) & 1 == 1 {
                *level = "+";
            }
        }
        if cut <= filter.len() {
            filter.truncate(cut);
            filter.push("#");
        }
        let text = filter.join("/");
        prop_assert_eq!(check_filter(&text), Ok(()));
        let hidden = name.starts_with('$') && ["+", "#"].contains(&filter[0]);
        prop_assert_eq!(matches(&text, &name), !hidden, "{} {}", text, name);
    }
}
