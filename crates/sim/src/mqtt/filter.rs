//! Topic filters: which are well formed, and what they match.

/// Whether a message may be sent there.
pub(crate) fn is_topic(topic: &str) -> bool {
    !topic.is_empty() && !topic.contains(['+', '#', '\0'])
}

/// Whether the wildcards stand where they may: each alone in its level, `#` at the end.
pub(crate) fn is_filter(filter: &str) -> bool {
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let is_right = match level {
            "#" => levels.peek().is_none(),
            "+" => true,
            level => !level.contains(['+', '#', '\0']),
        };
        if !is_right {
            return false;
        }
    }
    !filter.is_empty()
}

/// Whether a message on the topic goes to whoever subscribed to the filter.
pub(crate) fn matches(filter: &str, topic: &str) -> bool {
    // Topics with a dollar are not found by a wildcard in the first place.
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(wanted), Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
}

/// Whether there is a topic that both match.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.split('/'), other.split('/'));
    loop {
        match (one.next(), other.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some("+"), Some(_)) | (Some(_), Some("+")) => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_filter, is_topic, matches, overlap};

    #[test]
    fn what_matches_by_the_specification() {
        for (filter, topic, matched) in [
            ("a/b", "a/b", true),
            ("a/b", "a/b/", false),
            ("a/+", "a/b", true),
            ("a/+", "a/", true),
            ("a/+", "a", false),
            ("a/+", "a/b/c", false),
            ("+", "a", true),
            ("+", "/a", false),
            ("+/+", "/a", true),
            ("a/#", "a", true),
            ("a/#", "a/b/c", true),
            ("a/#", "ab", false),
            ("#", "a/b", true),
            ("#", "$sys/a", false),
            ("+/a", "$sys/a", false),
            ("$sys/#", "$sys/a", true),
            ("$sys/+", "$sys/a", true),
            ("A", "a", false),
        ] {
            assert_eq!(matches(filter, topic), matched, "{filter} {topic}");
        }
    }

    #[test]
    fn what_is_a_filter_and_what_a_topic() {
        for filter in ["a", "/", "a//b", "+", "#", "a/+/b", "+/#", "a/#", "$a/+"] {
            assert!(is_filter(filter), "{filter}");
        }
        for filter in ["", "a#", "a/#/b", "#/a", "a+", "+a/b", "a/b+", "a/##", "a\0"] {
            assert!(!is_filter(filter), "{filter}");
        }
        assert!(is_topic("/a b/$c"));
        for topic in ["", "a/+", "#", "a\0"] {
            assert!(!is_topic(topic), "{topic}");
        }
    }

    #[test]
    fn what_overlaps() {
        for (one, other, both) in [
            ("a/+", "+/b", true),
            ("a/+", "b/+", false),
            ("a/#", "a/b/c", true),
            ("a/#", "a", true),
            ("a/b", "a/b/c", false),
            ("+/b", "a/c", false),
        ] {
            assert_eq!(overlap(one, other), both, "{one} {other}");
            assert_eq!(overlap(other, one), both, "{other} {one}");
        }
    }
}
