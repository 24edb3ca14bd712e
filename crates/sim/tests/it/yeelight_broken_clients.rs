//! For each rule a client that breaks it: refused, counted, and nothing was done.

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::{Output, Quota, Violations};
use serde_json::{Value, json};

use crate::yeelight_client::{Client, SEARCH};

fn color() -> Client {
    Client::of(SimBulb::color().quota(Quota::off()))
}

/// What breaks a rule is counted where `expected` says, once, and changes nothing; what comes back.
#[track_caller]
fn refused<T>(
    client: &mut Client,
    expected: fn(&mut Violations) -> &mut u64,
    act: impl FnOnce(&mut Client) -> T,
) -> T {
    let before = client.bulb.report();
    let shown = client.shown();
    let answer = act(client);
    let mut violations = before.violations;
    *expected(&mut violations) += 1;
    let after = client.bulb.report();
    assert_eq!(after.violations, violations);
    assert_eq!(after.executions, before.executions);
    assert_eq!(client.shown(), shown);
    answer
}

#[track_caller]
fn line_refused(client: &mut Client, expected: fn(&mut Violations) -> &mut u64, line: &[u8]) {
    let answer = refused(client, expected, |client| client.raw(line));
    let error = json!({"id": 0, "error": {"code": -1, "message": "invalid command"}});
    assert_eq!(answer, [error], "{}", String::from_utf8_lossy(line));
}

#[track_caller]
fn command_refused(
    client: &mut Client,
    expected: fn(&mut Violations) -> &mut u64,
    method: &str,
    params: Value,
) -> Value {
    let said = format!("{method} {params}");
    let (answer, props) = refused(client, expected, |client| client.ask(method, params));
    assert_eq!(props, json!({}), "{said}");
    assert!(answer["error"].is_object(), "{said}: {answer}");
    answer["error"].clone()
}

#[test]
fn a_sound_client_is_refused_nothing() {
    let mut client = color();
    client.bulb.handle_search(client.now, Client::addr(), SEARCH);
    assert!(matches!(&client.outputs()[..], [Output::SearchAnswer { .. }]));
    client.ok("set_power", json!(["on", "smooth", 500]));
    client.ok("set_bright", json!([50, "sudden", 0]));
    // Blanks between the parts, keys in another order, and a command in three pieces.
    let answer = client.raw("  { \"params\" : [ ] , \"method\" : \"toggle\" , \"id\" : 9 }\r\n");
    assert_eq!(answer[0]["result"], json!(["ok"]));
    assert!(client.raw("{\"id\":10,\"met").is_empty());
    assert!(client.raw("hod\":\"toggle\",\"params\":[]}\r").is_empty());
    assert_eq!(client.raw("\n")[0]["id"], 10);
    // Two in one piece.
    let both = "{\"id\":11,\"method\":\"toggle\",\"params\":[]}\r\n".repeat(2);
    assert_eq!(client.raw(both).len(), 4);
    let report = client.bulb.report();
    assert_eq!((report.searches, report.commands, report.answers), (1, 6, 6));
    assert_eq!((report.executed("toggle"), report.error_answers), (4, 0));
    assert_eq!(report.violations.total(), 0);
}

#[test]
fn what_is_no_json_object() {
    let mut client = color();
    for text in [
        &b""[..],
        b"hello",
        b"[]",
        b"[1,\"toggle\",[]]",
        b"{",
        b"{\"id\":1,,\"method\":\"toggle\",\"params\":[]}",
        b"{\"id\":1,\"method\":\"toggle\",\"params\":[]} {}",
        b"{\"id\":1,\"id\":1,\"method\":\"toggle\",\"params\":[]}",
        b"{\"id\":1,\"method\":\"toggle\",\"params\":[on]}",
        b"{\"id\":1,\"method\":\"set_name\",\"params\":[\"a \"quoted\" one\"]}",
        b"{\"id\":1,\"method\":\"set_name\",\"params\":[\"K\xfcche\"]}",
    ] {
        let line = [text, b"\r\n"].concat();
        line_refused(&mut client, |violations| &mut violations.bad_json, &line);
    }
}

#[test]
fn a_line_without_carriage_return() {
    let mut client = color();
    let line = b"{\"id\":1,\"method\":\"toggle\",\"params\":[]}\n";
    line_refused(&mut client, |violations| &mut violations.line_end, line);
}

#[test]
fn a_line_that_is_too_long() {
    let mut client = color();
    let command = b"{\"id\":1,\"method\":\"toggle\",\"params\":[]}\r\n";
    let mut fits = vec![b' '; 8192 - command.len() + 1];
    fits.extend_from_slice(command);
    assert_eq!(client.raw(&fits)[0]["id"], 1, "8 KiB without the line feed");
    let mut long = b" ".to_vec();
    long.extend_from_slice(&fits);
    line_refused(&mut client, |violations| &mut violations.long_line, &long);
    // Without an end it is refused once, and passed over.
    line_refused(&mut client, |violations| &mut violations.long_line, &[b'x'; 9000]);
    assert!(client.raw([b'x'; 9000]).is_empty());
    assert!(client.raw(b"\r\n").is_empty());
    assert_eq!(client.raw(command)[0]["id"], 1);
}

#[test]
fn ids() {
    let mut client = color();
    for id in ["-1", "1.0", "1e3", "\"7\"", "null", "2147483648", "true", "[1]"] {
        let line = format!("{{\"id\":{id},\"method\":\"toggle\",\"params\":[]}}\r\n");
        line_refused(&mut client, |violations| &mut violations.bad_id, line.as_bytes());
    }
    let without = b"{\"method\":\"toggle\",\"params\":[]}\r\n";
    line_refused(&mut client, |violations| &mut violations.bad_id, without);
    let largest = client.raw("{\"id\":2147483647,\"method\":\"toggle\",\"params\":[]}\r\n");
    assert_eq!(largest[0]["id"], i32::MAX);
}

#[test]
fn the_id_zero_is_carried_out_and_counted() {
    let mut client = color();
    let answer = client.raw("{\"id\":0,\"method\":\"toggle\",\"params\":[]}\r\n");
    assert_eq!(answer[0], json!({"id": 0, "result": ["ok"]}));
    let report = client.bulb.report();
    assert_eq!((report.violations.zero_id, report.violations.total()), (1, 1));
    assert_eq!(report.executed("toggle"), 1);
}

#[test]
fn no_method() {
    let mut client = color();
    for line in ["{\"id\":1,\"params\":[]}\r\n", "{\"id\":1,\"method\":5,\"params\":[]}\r\n"] {
        line_refused(&mut client, |violations| &mut violations.bad_method, line.as_bytes());
    }
}

#[test]
fn parameters_that_are_no_array() {
    let mut client = color();
    for params in [json!({}), json!("on"), json!(null), json!(1)] {
        let error = command_refused(
            &mut client,
            |violations| &mut violations.params_not_array,
            "toggle",
            params,
        );
        assert_eq!(error, json!({"code": -5001, "message": "invalid params"}));
    }
    let without = refused(
        &mut client,
        |violations| &mut violations.params_not_array,
        |client| client.raw("{\"id\":5,\"method\":\"toggle\"}\r\n"),
    );
    assert_eq!(without[0]["error"]["code"], -5001);
}

#[test]
fn methods_that_are_not_supported() {
    for (builder, methods) in [
        (SimBulb::white(), &["set_ct_abx", "set_rgb", "set_music", "bg_toggle", "chroma"][..]),
        (SimBulb::tunable(), &["set_hsv", "adjust_color", "dev_toggle", "udp_sess_new"]),
        (SimBulb::color(), &["bg_set_power", "set_segment_rgb", "update_leds", "Toggle", ""]),
        (SimBulb::ceiling(), &["set_rgb", "set_music", "bg_get_prop", "bg_set_name"]),
        (SimBulb::color().support(["get_prop"]), &["toggle", "set_power"]),
    ] {
        let mut client = Client::of(builder.quota(Quota::off()));
        for method in methods {
            let error = command_refused(
                &mut client,
                |violations| &mut violations.unsupported_method,
                method,
                json!([]),
            );
            assert_eq!(error, json!({"code": -1, "message": "method not supported"}));
        }
    }
}

/// Method, parameters in the wrong number.
#[test]
fn too_few_parameters_and_too_many() {
    let mut client = color();
    for (method, params) in [
        ("get_prop", json!([])),
        ("set_power", json!([])),
        ("set_power", json!(["on"])),
        ("set_power", json!(["on", "smooth"])),
        ("set_power", json!(["on", "smooth", 500, 0, 0])),
        ("set_power", json!(["off", "smooth", 500, 2])),
        ("toggle", json!(["smooth"])),
        ("toggle", json!(["smooth", 500, 1])),
        ("set_bright", json!([50])),
        ("set_bright", json!([50, "sudden"])),
        ("set_ct_abx", json!([4000, "sudden", 0, 0])),
        ("set_rgb", json!([255])),
        ("set_hsv", json!([1, 2, "sudden"])),
        ("start_cf", json!([0, 0])),
        ("start_cf", json!([0, 0, "500,1,255"])),
        ("start_cf", json!([0, 0, "500,1,255,100,500"])),
        ("stop_cf", json!([1])),
        ("set_scene", json!([])),
        ("set_scene", json!(["color", 255])),
        ("set_scene", json!(["color", 255, 50, 500])),
        ("set_scene", json!(["hsv", 1, 2])),
        ("set_scene", json!(["ct", 4000])),
        ("set_scene", json!(["cf", 0, 0])),
        ("set_scene", json!(["auto_delay_off", 50])),
        ("set_default", json!([0])),
        ("set_adjust", json!(["increase"])),
        ("adjust_bright", json!([10])),
        ("set_name", json!([])),
        ("cron_add", json!([0])),
        ("cron_get", json!([])),
        ("cron_del", json!([0, 0])),
        ("set_music", json!([])),
        ("set_music", json!([1, "192.168.1.7"])),
        ("set_music", json!([0, "192.168.1.7", 5])),
    ] {
        let count: fn(&mut Violations) -> &mut u64 = |violations| &mut violations.wrong_param_count;
        let error = command_refused(&mut client, count, method, params);
        assert_eq!(error["code"], -5001);
    }
}

#[test]
fn parameters_of_another_type() {
    let mut client = color();
    for (method, params) in [
        ("get_prop", json!([1])),
        ("get_prop", json!(["power", null])),
        ("set_power", json!([true, "smooth", 500])),
        ("set_power", json!(["on", "smooth", "500"])),
        ("set_power", json!(["on", "smooth", 500, "2"])),
        ("set_bright", json!(["50", "sudden", 0])),
        ("set_bright", json!([50.0, "sudden", 0])),
        ("set_bright", json!([50, 0, "sudden"])),
        ("set_bright", json!([50, "sudden", null])),
        ("set_ct_abx", json!([4000.5, "sudden", 0])),
        ("set_rgb", json!(["ff0000", "sudden", 0])),
        ("set_hsv", json!([1, "2", "sudden", 0])),
        ("start_cf", json!([0, 0, [500, 1, 255, 100]])),
        ("start_cf", json!(["0", 0, "500,1,255,100"])),
        ("start_cf", json!([0, 0, "500,1,red,100"])),
        ("start_cf", json!([0, 0, "500,1,255,100,"])),
        ("start_cf", json!([0, 0, "500,1,255.0,100"])),
        ("start_cf", json!([0, 0, ""])),
        ("set_scene", json!([1, 255, 50])),
        ("set_scene", json!(["color", "255", 50])),
        // As a crate for this protocol sends it.
        ("set_scene", json!(["cf", 0, 0, 500])),
        ("set_adjust", json!([1, "bright"])),
        ("adjust_bright", json!([10, "500"])),
        ("set_name", json!([5])),
        ("cron_add", json!([0, "15"])),
        ("cron_get", json!(["0"])),
        ("set_music", json!([true, "192.168.1.7", 5])),
        ("set_music", json!([1, "192.168.1.7", "5"])),
    ] {
        let count: fn(&mut Violations) -> &mut u64 = |violations| &mut violations.wrong_param_type;
        let error = command_refused(&mut client, count, method, params);
        assert_eq!(error["code"], -5001);
    }
}

#[test]
fn values_out_of_range() {
    let mut client = color();
    for (method, params) in [
        ("set_power", json!(["On", "smooth", 500])),
        ("set_power", json!(["on", "gentle", 500])),
        ("set_power", json!(["on", "smooth", 29])),
        ("set_power", json!(["on", "sudden", -1])),
        ("set_power", json!(["on", "smooth", 500, 6])),
        // No night light.
        ("set_power", json!(["on", "smooth", 500, 5])),
        ("toggle", json!(["smooth", 0])),
        ("set_bright", json!([0, "sudden", 0])),
        ("set_bright", json!([101, "sudden", 0])),
        ("set_ct_abx", json!([1699, "sudden", 0])),
        ("set_ct_abx", json!([6501, "sudden", 0])),
        ("set_rgb", json!([0, "sudden", 0])),
        ("set_rgb", json!([16_777_216, "sudden", 0])),
        ("set_hsv", json!([360, 0, "sudden", 0])),
        ("set_hsv", json!([-1, 0, "sudden", 0])),
        ("set_hsv", json!([0, 101, "sudden", 0])),
        ("start_cf", json!([-1, 0, "500,1,255,100"])),
        ("start_cf", json!([0, 3, "500,1,255,100"])),
        ("start_cf", json!([0, 0, "49,1,255,100"])),
        ("start_cf", json!([0, 0, "500,3,255,100"])),
        ("start_cf", json!([0, 0, "500,1,0,100"])),
        ("start_cf", json!([0, 0, "500,1,16777216,100"])),
        ("start_cf", json!([0, 0, "500,2,1699,100"])),
        ("start_cf", json!([0, 0, "500,1,255,0"])),
        ("start_cf", json!([0, 0, "500,1,255,101"])),
        ("start_cf", json!([0, 0, "500,1,255,-2"])),
        ("set_scene", json!(["colour", 255, 50])),
        ("set_scene", json!(["auto_dealy_off", 50, 5])),
        ("set_scene", json!(["color", 0, 50])),
        ("set_scene", json!(["color", 255, 0])),
        ("set_scene", json!(["color", 255, 50, 500, "slow"])),
        ("set_scene", json!(["hsv", 360, 2, 3])),
        ("set_scene", json!(["ct", 1699, 50])),
        ("set_scene", json!(["auto_delay_off", 50, 0])),
        ("set_adjust", json!(["up", "bright"])),
        ("set_adjust", json!(["increase", "hue"])),
        ("set_adjust", json!(["increase", "color"])),
        ("adjust_bright", json!([101, 500])),
        ("adjust_bright", json!([-101, 500])),
        ("adjust_color", json!([10, 29])),
        ("set_name", json!(["x".repeat(65)])),
        // 65 bytes, 64 characters.
        ("set_name", json!(["x".repeat(63) + "é"])),
        ("cron_add", json!([1, 15])),
        ("cron_add", json!([0, 0])),
        ("cron_add", json!([0, 1441])),
        ("cron_get", json!([1])),
        ("cron_del", json!([1])),
        ("set_music", json!([2])),
        ("set_music", json!([1, "my-computer", 54321])),
        ("set_music", json!([1, "192.168.1.7", 0])),
        ("set_music", json!([1, "192.168.1.7", 65536])),
    ] {
        let count: fn(&mut Violations) -> &mut u64 = |violations| &mut violations.out_of_range;
        let error = command_refused(&mut client, count, method, params);
        assert_eq!(error, json!({"code": -5000, "message": "general error"}));
    }
}

#[test]
fn ranges_are_the_models() {
    let out: fn(&mut Violations) -> &mut u64 = |violations| &mut violations.out_of_range;
    for (model, low, high) in [
        ("ct_bulb", 2700, 6500),
        ("ceiling5", 2700, 5700),
        ("ceild", 3000, 6500),
        ("lamp4", 2600, 5000),
        ("lamp2", 2500, 4800),
        ("colorc", 2700, 6500),
        ("bslamp1", 1700, 6500),
    ] {
        let mut client = Client::of(SimBulb::of_model(model).quota(Quota::off()));
        for kelvin in [low - 1, high + 1] {
            command_refused(&mut client, out, "set_ct_abx", json!([kelvin, "sudden", 0]));
            command_refused(&mut client, out, "set_scene", json!(["ct", kelvin, 50]));
            let flow = format!("500,2,{kelvin},100");
            command_refused(&mut client, out, "start_cf", json!([0, 0, flow]));
        }
        for kelvin in [low, high] {
            client.ok("set_ct_abx", json!([kelvin, "sudden", 0]));
        }
    }
    let mut ceiling = Client::of(SimBulb::ceiling().quota(Quota::off()));
    command_refused(&mut ceiling, out, "start_cf", json!([0, 0, "500,1,255,100"]));
    command_refused(&mut ceiling, out, "set_scene", json!(["color", 255, 50]));
    command_refused(&mut ceiling, out, "set_power", json!(["on", "sudden", 0, 2]));
    command_refused(&mut ceiling, out, "set_adjust", json!(["circle", "color"]));
    command_refused(&mut ceiling, out, "bg_set_power", json!(["on", "sudden", 0, 5]));
    command_refused(&mut ceiling, out, "bg_set_scene", json!(["auto_delay_off", 50, 5]));
    command_refused(&mut ceiling, out, "bg_set_ct_abx", json!([1699, "sudden", 0]));
    ceiling.ok("bg_set_ct_abx", json!([1700, "sudden", 0]));
    ceiling.ok("bg_start_cf", json!([0, 0, "500,1,255,100"]));
}

#[test]
fn commands_for_a_light_that_is_off() {
    let mut client = color();
    client.ok("toggle", json!([]));
    for (method, params) in [
        ("set_bright", json!([50, "sudden", 0])),
        ("set_ct_abx", json!([4000, "sudden", 0])),
        ("set_rgb", json!([255, "sudden", 0])),
        ("set_hsv", json!([1, 2, "sudden", 0])),
        ("start_cf", json!([0, 0, "500,1,255,100"])),
        ("set_default", json!([])),
        ("cron_add", json!([0, 15])),
    ] {
        let count: fn(&mut Violations) -> &mut u64 = |violations| &mut violations.off_command;
        let error = command_refused(&mut client, count, method, params);
        assert_eq!(error["code"], -5000);
    }
}

#[test]
fn segments_and_leds() {
    let mut lamp = Client::of(SimBulb::lamp15());
    let out: fn(&mut Violations) -> &mut u64 = |violations| &mut violations.out_of_range;
    command_refused(&mut lamp, out, "set_segment_rgb", json!([255, 16_777_216]));
    let mut cube = Client::of(SimBulb::cube());
    command_refused(&mut cube, out, "activate_fx_mode", json!([{"mode": "music"}]));
    for text in ["", "AAA", "AAAAA", "AA==", "A-_A", &"AAAA".repeat(201)] {
        command_refused(&mut cube, out, "update_leds", json!([text]));
    }
    // What is not allowed as things stand is refused, and no fault of the client's.
    assert_eq!(cube.refused("update_leds", json!(["AAAA"])), -5000);
}

#[test]
fn a_fifth_connection() {
    let mut client = color();
    for _ in 0..3 {
        client.bulb.accept(client.now).unwrap();
    }
    refused(
        &mut client,
        |violations| &mut violations.too_many_connections,
        |client| assert_eq!(client.bulb.accept(client.now), None),
    );
    client.bulb.closed(client.now, client.connection);
    client.bulb.accept(client.now).unwrap();
    let report = client.bulb.report();
    assert_eq!((report.connections, report.open_connections), (5, 4));
}
