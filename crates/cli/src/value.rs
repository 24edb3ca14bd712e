//! Values on the command line: JSON, or a bare word that is a string.

use iot_home::PropertyId;
use iot_home::miio::ActionInput;
use serde_json::Value;

use crate::failure::Failure;

/// `SIID.PIID=VALUE`.
pub(crate) fn assignment(text: &str) -> Result<(PropertyId, Value), Failure> {
    let (id, value) = text.split_once('=').ok_or_else(|| {
        Failure::bad_input(format!("{text:?} has no value"))
            .hint("write SIID.PIID=VALUE, as in 2.1=true")
    })?;
    let id = id.parse().map_err(|error| Failure::bad_input(format!("{id:?}: {error}")))?;
    Ok((id, parse(value)?))
}

/// The arguments of an action: all `PIID=VALUE`, or all `VALUE` in order.
pub(crate) fn arguments(texts: &[String]) -> Result<ActionInput, Failure> {
    let named: Vec<_> = texts.iter().map(|text| split_piid(text)).collect();
    if texts.is_empty() {
        Ok(ActionInput::None)
    } else if named.iter().all(Option::is_some) {
        let named = named.into_iter().flatten().map(|(piid, value)| Ok((piid, parse(value)?)));
        Ok(ActionInput::piids(named.collect::<Result<Vec<_>, Failure>>()?))
    } else if named.iter().all(Option::is_none) {
        let values: Result<Vec<_>, Failure> = texts.iter().map(|text| parse(text)).collect();
        Ok(ActionInput::in_order(values?))
    } else {
        Err(Failure::bad_input("some arguments have a piid and some have none")
            .hint("name all of them, as in 1=60 2=warm, or none"))
    }
}

fn split_piid(text: &str) -> Option<(u32, &str)> {
    let (piid, value) = text.split_once('=')?;
    let digits = !piid.is_empty() && piid.bytes().all(|byte| byte.is_ascii_digit());
    piid.parse().ok().filter(|_| digits).map(|piid| (piid, value))
}

/// JSON, or a word that is a string. What begins like JSON and is none is refused.
pub(crate) fn parse(text: &str) -> Result<Value, Failure> {
    let broken = |what: String| {
        Failure::bad_input(what).hint(
            "a VALUE is JSON (true, 40, \"two words\", [1,2]) or a bare word, which is a string",
        )
    };
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(_) if text.trim().is_empty() => {
            Err(broken("the value is empty; the empty string is written '\"\"'".into()))
        }
        Err(error) if text.trim_start().starts_with(['{', '[', '"']) => {
            Err(broken(format!("the value is not valid JSON at column {}", error.column())))
        }
        Err(_) => Ok(Value::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use iot_home::PropertyId;
    use iot_home::miio::ActionInput;
    use serde_json::json;

    use super::{arguments, assignment, parse};

    #[test]
    fn json_or_a_word() {
        for (text, value) in [
            ("true", json!(true)),
            ("-40", json!(-40)),
            ("2.50", json!(2.5)),
            ("null", json!(null)),
            ("\"40\"", json!("40")),
            ("[1,{\"a\":2}]", json!([1, {"a": 2}])),
            ("warm", json!("warm")),
            ("0x10", json!("0x10")),
            ("a=b", json!("a=b")),
            ("夜", json!("夜")),
        ] {
            assert_eq!(parse(text).unwrap(), value, "{text}");
        }
        for text in ["", " ", "{", "[1,]", "\"open", "{a:1}"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn assignments() {
        let (id, value) = assignment("2.10=a=b").unwrap();
        assert_eq!((id, value), (PropertyId::new(2, 10), json!("a=b")));
        for text in ["2.1", "2=1", "x.y=1", "=1", "2.1=", "2.1=[", ""] {
            assert!(assignment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn arguments_by_name_or_in_order() {
        let read = |texts: &[&str]| {
            arguments(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(read(&[]).unwrap(), ActionInput::None);
        assert_eq!(
            read(&["1=60", "2=warm"]).unwrap(),
            ActionInput::piids([(1, json!(60)), (2, json!("warm"))])
        );
        assert_eq!(
            read(&["60", "\"2=x\"", "k=v"]).unwrap(),
            ActionInput::in_order([json!(60), json!("2=x"), json!("k=v")])
        );
        assert!(read(&["1=60", "warm"]).is_err() && read(&["1="]).is_err());
    }
}
