//! One test per row of the quirk table, named by its number.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::ToString;

use serde_json::{Value, json};

use super::{JsonError, parse, repair, text, truncated_id};

#[track_caller]
fn assert_mends(damaged: &str, mended: &str) {
    assert_eq!(repair(damaged).as_deref(), Some(mended), "{damaged}");
    assert_eq!(text(damaged.as_bytes()).as_deref(), Ok(mended), "{damaged}");
    assert_eq!(parse(damaged.as_bytes()).ok(), serde_json::from_str(mended).ok(), "{damaged}");
}

#[track_caller]
fn assert_refuses(damaged: &str) {
    assert_eq!(repair(damaged), None, "{damaged}");
    assert!(parse(damaged.as_bytes()).is_err(), "{damaged}");
    assert!(text(damaged.as_bytes()).is_err(), "{damaged}");
}

#[test]
fn quirk_vectors() {
    for (plaintext, decodes_to) in [
        (
            "{\"id\":5,\"result\":{\"mmfree\":27480,,\"otu_stat\":[0,0,0,0,0,0]}}\0",
            json!({"id": 5, "result": {"mmfree": 27480, "otu_stat": [0, 0, 0, 0, 0, 0]}}),
        ),
        (
            "{\"id\":6,\"result\":[{\"did\":\"p\",\"siid\":2,\"piid\":1,\"code\":0,\"value\":00}]}\0",
            json!({
                "id": 6,
                "result": [{"did": "p", "siid": 2, "piid": 1, "code": 0, "value": 0}],
            }),
        ),
        ("{\"id\":7,\"result\":,\"exe_time\":0}", json!({"id": 7, "exe_time": 0})),
        ("{\"id\": 123456}\0k", json!({"id": 123456})),
    ] {
        assert_eq!(parse(plaintext.as_bytes()), Ok(decodes_to), "{plaintext:?}");
    }
}

#[test]
fn row_1_trailing_nuls() {
    assert_eq!(parse(b"{\"id\":1}\0"), Ok(json!({"id": 1})));
    assert_eq!(parse(b"{\"id\":1}\0\0\0"), Ok(json!({"id": 1})));
    assert_eq!(parse(b"{\"id\":1}\r\n\0\n\0"), Ok(json!({"id": 1})));
    // Stripping them is no repair.
    assert!(matches!(text(b"{\"id\": 1}\0"), Ok(Cow::Borrowed("{\"id\": 1}"))));
}

#[test]
fn row_2_empty_ott_field() {
    assert_mends(r#"{"a":"b",,"otu_stat":[0]}"#, r#"{"a":"b","otu_stat":[0]}"#);
}

#[test]
fn row_3_garbage_after_a_nul() {
    assert_mends("{\"id\":1}\0k", r#"{"id":1}"#);
    assert_mends("{\"id\":1} \0{\"id\":2}\0\"", r#"{"id":1}"#);
    assert_mends("{\"id\":1,}\0,,]", r#"{"id":1}"#);
    assert_eq!(parse(b"[1]\0\xff\xfe\0\0"), Ok(json!([1])));
    // The NUL has to follow the value, and nothing else may.
    assert_refuses("{\"id\":1,\0}");
    assert_refuses("[1,\0 2]");
    assert_refuses("{\"id\":1}k");
    assert_refuses("{\"id\":1}}");
    assert_refuses("{\"id\":1},");
}

#[test]
fn row_4_and_5_leading_zeros() {
    assert_mends(r#"{"value":00}"#, r#"{"value":0}"#);
    assert_mends(r#"{"value":06}"#, r#"{"value":6}"#);
    assert_mends("[007, 000, 0012.50, 01e3]", "[7,0,12.50,1e3]");
    assert_mends("[-00.5, -012, -00, 00.10]", "[-0.5,-12,-0,0.10]");
    assert_mends("012", "12");
}

#[test]
fn row_6_extra_commas_in_an_object() {
    assert_mends(r#"{,,"a":1, , ,"b":{,},}"#, r#"{"a":1,"b":{}}"#);
    assert_mends(r#"[{"a":1,},{,"b":2}]"#, r#"[{"a":1},{"b":2}]"#);
}

#[test]
fn row_7_key_without_value() {
    assert_mends(r#"{"id":7,"result":,"exe_time":0}"#, r#"{"id":7,"exe_time":0}"#);
    assert_mends(r#"{"result":,"id":7}"#, r#"{"id":7}"#);
    assert_mends(r#"{"id":7,"result": }"#, r#"{"id":7}"#);
    assert_mends(r#"{"a":,"b":,,"c":}"#, "{}");
    assert_mends(r#"{"a":[1,{"k":}],"b":,"c":{"d":2}}"#, r#"{"a":[1,{}],"c":{"d":2}}"#);
    assert_refuses(r#"{"id":7,"result"}"#);
    assert_refuses(r#"{"result","id":7}"#);
}

#[test]
fn row_8_missing_elements_are_null() {
    assert_mends("[,]", "[null,null]");
    assert_mends("[,,]", "[null,null,null]");
    assert_mends(
        r#"{"result":[,,,,,,,]}"#,
        r#"{"result":[null,null,null,null,null,null,null,null]}"#,
    );
    assert_mends(r#"["on",,5]"#, r#"["on",null,5]"#);
    assert_mends("[,1]", "[null,1]");
    assert_mends("[1,]", "[1,null]");
    assert_mends("[[],[ , ],]", "[[],[null,null],null]");
}

#[test]
fn row_9_control_characters_in_strings() {
    assert_mends("[\"a\tb\nc\0d\x1fe\"]", r#"["a\u0009b\u000ac\u0000d\u001fe"]"#);
    assert_mends("{\"k\r\":\"\\\\\x01\"}", r#"{"k\u000d":"\\\u0001"}"#);
    // C1 controls as characters, UTF-8 continuation bytes in their range and DEL are legal.
    let legal = "[\"\u{7f}\u{80}\u{9f} 灯 \u{2028}\"]";
    assert!(matches!(text(legal.as_bytes()), Ok(Cow::Borrowed(same)) if same == legal));
    assert_mends("[\"\u{7f}\u{80}\u{9f}灯\",07]", "[\"\u{7f}\u{80}\u{9f}灯\",7]");
}

#[test]
fn row_10_bare_words() {
    assert_mends(r#"{"result":[net],"id":1}"#, r#"{"result":["net"],"id":1}"#);
    assert_mends(r#"{"a":on,"b":true,"c":null}"#, r#"{"a":"on","b":true,"c":null}"#);
    assert_mends("[net,true,false,null,nulls,True,_a,nan,v1.2-3,开]", {
        r#"["net",true,false,null,"nulls","True","_a","nan","v1.2-3","开"]"#
    });
    for refused in ["net", "tru", "{net:1}", "[a b]", "[a\"b\"]", "['a']", "[a\\n]", "[/**/]"] {
        assert_refuses(refused);
    }
}

#[test]
fn row_11_numbers_with_junk() {
    assert_mends(r#"{"value":-0./}"#, r#"{"value":null}"#);
    assert_mends(r#"{"value":-0./,"code":0}"#, r#"{"value":null,"code":0}"#);
    assert_mends("[+5,.5,5.,-,--1,1e,1e999,0x1f,00x,1.2.3,-nan,12V]", {
        "[null,null,null,null,null,null,null,null,null,null,null,null]"
    });
    assert_refuses("-");
    assert_refuses("12V");
    assert_refuses(r#"[1 2]"#);
}

#[test]
fn row_12_nothing_at_all() {
    for empty in [b"".as_slice(), b"\0", b"\0\0\0", b" \n\0"] {
        assert_eq!(parse(empty), Err(JsonError::Empty));
        assert_eq!(text(empty), Err(JsonError::Empty));
    }
}

#[test]
fn row_13_both_forms_of_error_survive_mending() {
    assert_mends(r#"{"id":1,,"error":"busy"}"#, r#"{"id":1,"error":"busy"}"#);
    assert_mends(
        r#"{"id":1,"error":{"code":-09999,"error":"user ack timeout",}}"#,
        r#"{"id":1,"error":{"code":-9999,"error":"user ack timeout"}}"#,
    );
}

#[test]
fn row_17_invalid_utf8() {
    assert_eq!(parse(b"[\"\xb5\xc6\"]\0"), Ok(json!(["\u{fffd}\u{fffd}"])));
    assert_eq!(parse(b"[\"\xe7\x81\",,1]"), Ok(json!(["\u{fffd}", null, 1])));
    assert!(matches!(text(b"[\"\xff\"]"), Ok(Cow::Owned(text)) if text == "[\"\u{fffd}\"]"));
}

#[test]
fn row_18_truncated_text() {
    let whole = r#"{"id":12,"result":[{"did":"x\u00e4\"","value":-1.5},true,"灯"],"e":{}}"#;
    for end in 1..whole.len() {
        let cut = &whole.as_bytes()[..end];
        let error = parse(cut).unwrap_err();
        assert!(matches!(error, JsonError::Truncated { .. }), "{end}: {error}");
        assert_eq!(text(cut), Err(error));
    }
    assert_eq!(parse(&whole.as_bytes()[..40]), Err(JsonError::Truncated { len: 40 }));
}

#[test]
fn row_18_id_of_truncated_text() {
    for (text, id) in [
        (r#"{"id":12,"result":["on","#, Some(12)),
        (r#"{"id": 12 ,"result":["#, Some(12)),
        (r#"{ "exe_time" : 5, "id" : 12, "res"#, Some(12)),
        (r#"{"from":{"id":9},"x":["id",{"id":8}],"a":"}\"","id":-3,"#, Some(-3)),
        (r#"{"a":"id","id":12,"#, Some(12)),
        (r#"{"a":"x\",\"b\":{","id":12,"#, Some(12)),
        (r#"{"a":"\\","id":12,"#, Some(12)),
        (r#"{"result":,,"a":net,"id":012,"#, Some(12)),
        (r#"{"id":1}garbage"#, Some(1)),
        ("\u{feff} {\"id\":12,", Some(12)),
        // Digits may be missing.
        (r#"{"id":12"#, None),
        (r#"{"id":"#, None),
        (r#"{"id"#, None),
        (r#"{"result":[{"id":12,"#, None),
        (r#"{"a":"id","b":"\"id\":3,"#, None),
        (r#"{"a":1}{"id":12,"#, None),
        (r#"{"a":1},"id":12,"#, None),
        (r#"{"id":"12","#, None),
        (r#"{"id":1.5,"#, None),
        (r#"{"id":99999999999999999999,"#, None),
        (r#"[{"id":12,"#, None),
        (r#""id":12,"#, None),
        ("", None),
    ] {
        assert_eq!(truncated_id(text), id, "{text}");
    }
}

#[test]
fn row_23_byte_order_mark_and_blanks() {
    assert_mends("\u{feff}{\"id\":1}", r#"{"id":1}"#);
    assert_mends(" \u{feff}\r\n {\"id\":1,}", r#"{"id":1}"#);
    assert_eq!(parse(b" \t\r\n{\"id\":1} \n"), Ok(json!({"id": 1})));
}

#[test]
fn broken_escapes() {
    assert_mends(r#"["\x41 C:\dir \' \u12 \u+123 \U"]"#, {
        r#"["\\x41 C:\\dir \\' \\u12 \\u+123 \\U"]"#
    });
    assert_mends(r#"["\ud83d","\ude00","\ud83dx","\ud83d\n","\ud83d\ud83d\ude00"]"#, {
        r#"["\ufffd","\ufffd","\ufffdx","\ufffd\n","\ufffd\ud83d\ude00"]"#
    });
    assert_mends("[\"\\\n\"]", r#"["\\\u000a"]"#);
    assert_mends("[\"\\灯\"]", r#"["\\灯"]"#);
}

#[test]
fn unknown_damage_is_refused() {
    for refused in [
        "[1}",
        r#"{"a":1]"#,
        r#"{"a":1,]"#,
        "[,}",
        r#"{"a":]"#,
        "{:1}",
        r#"{"a"::1}"#,
        "[:]",
        r#"{"a" 1}"#,
        r#"{"a":1 "b":2}"#,
        r#"["a" "b"]"#,
        r#"{"a"}"#,
        "]",
        ",",
        ":",
        r#"{"a":1}{}"#,
    ] {
        assert_refuses(refused);
    }
}

#[test]
fn strings_are_left_alone() {
    let inside = r#","s":"{,,} [,] :00 :, -0./ \u0000 \"x\":,\\ net }\\""#;
    assert_mends(
        &format!(r#"{{"id":06{inside},,"e":{{"k":}}}}"#),
        &format!(r#"{{"id":6{inside},"e":{{}}}}"#),
    );
}

#[test]
fn nesting_up_to_the_limit_of_serde() {
    let nested = |depth, core| format!("{}{core}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(nested(127, "1").as_bytes()).is_ok());
    assert!(parse(nested(127, "01").as_bytes()).is_ok());
    assert_eq!(parse(nested(128, "1").as_bytes()), Err(JsonError::Syntax { offset: 127 }));
    assert_refuses(&nested(128, "01"));
    assert_refuses(&nested(100_000, ""));
}

#[test]
fn text_checks_all_that_a_value_needs() {
    // `IgnoredAny` would let each of them pass.
    assert_mends(r#"["\ud800"]"#, r#"["\ufffd"]"#);
    assert_mends("[1e999]", "[null]");
    assert_eq!(
        text(r#"{"a":[1,-1,1.5,true,null,"é"]}"#.as_bytes()).as_deref(),
        Ok(r#"{"a":[1,-1,1.5,true,null,"é"]}"#),
    );
}

#[test]
fn errors_hold_positions_and_no_text() {
    let error = parse(b"{\"passwd\" \"hunter2\"}").unwrap_err();
    assert_eq!(error, JsonError::Syntax { offset: 10 });
    assert_eq!(error.to_string(), "invalid JSON near byte 10");
    assert_eq!(JsonError::Truncated { len: 7 }.to_string(), "JSON text is cut short after 7 bytes");
    assert_eq!(JsonError::Empty.to_string(), "empty JSON text");
    assert_eq!(parse(b"\0\0{}"), Err::<Value, _>(JsonError::Syntax { offset: 0 }));
}
