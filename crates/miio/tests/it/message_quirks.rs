//! What devices send wrongly, or at the wrong time, and what a session makes of it. The tests are
//! named by the rows of the table of quirks; rows 1 to 11, 17, 19 and 23 are tested where JSON is
//! read.

use std::time::Duration;

use iot_home_core::{Did, Instant, Random};
use iot_home_miio::json::{JsonError, Lenient};
use iot_home_miio::packet::{HELLO, Header, Packet};
use iot_home_miio::responder::{Incoming, Responder};
use iot_home_miio::session::{Config, Event, RequestKey, Session};
use iot_home_miio::{DeviceError, Failure, Info, MessageError, Reply, Request, Token};
use serde_json::{Value, json};

type Done = Vec<(RequestKey, Result<Reply, Failure>)>;

pub(crate) const DID: u64 = 51_880_628;

pub(crate) fn token() -> Token {
    "00112233445566778899aabbccddeeff".parse().expect("32 digits")
}

/// A session and its device, with nothing between them but the test's own hands.
pub(crate) struct Bench {
    pub(crate) session: Session,
    pub(crate) device: Responder,
    pub(crate) now: Instant,
    /// What the device's clock shows at the origin of time.
    pub(crate) stamp: u32,
}

impl Bench {
    /// The first request goes out under `first_id`.
    pub(crate) fn new(first_id: u32) -> Self {
        Self {
            session: Session::new(&token(), Config::default(), &mut FirstId(first_id)),
            device: Responder::new(DID, token()),
            now: Instant::ORIGIN,
            stamp: 12_346,
        }
    }

    /// A session that has heard the device already, and so knows its clock for sure.
    fn acquainted() -> Self {
        let mut bench = Self::new(1000);
        let (_, id) = bench.ask("get_prop");
        bench.result(id, "[]");
        bench.done();
        bench
    }

    /// Sends a request of this method. Tells the id it went out under.
    fn ask(&mut self, method: &str) -> (RequestKey, i64) {
        let key = self.session.request(self.now, Request::new(method, ()).expect("short"));
        let sent = self.sent();
        let [message] = &sent[..] else { panic!("{method} went out as {sent:?}") };
        assert_eq!(message["method"], method);
        (key, message["id"].as_i64().expect("an id"))
    }

    /// Takes the datagrams that wait to be sent, answers the hellos among them, and opens the rest.
    fn sent(&mut self) -> Vec<Value> {
        self.datagrams()
            .iter()
            .map(|datagram| {
                let mut datagram = datagram.clone();
                let opened = self.session.cipher().open(&mut datagram).expect("a sealed message");
                serde_json::from_slice(opened).expect("strict JSON")
            })
            .collect()
    }

    /// The same, as they are.
    pub(crate) fn datagrams(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = Vec::new();
        let mut datagrams = Vec::new();
        while let Some(datagram) = self.session.poll_transmit(self.now, &mut buffer) {
            if datagram == HELLO {
                let mut reply = self.device.hello_reply(self.clock());
                self.session.handle_datagram(self.now, &mut reply);
            } else {
                datagrams.push(datagram.to_vec());
            }
        }
        datagrams
    }

    pub(crate) fn clock(&self) -> u32 {
        let seconds = self.now.since_origin().as_secs();
        self.stamp + u32::try_from(seconds).expect("a short test")
    }

    /// Gives the session a message of the device with exactly this text.
    fn hand(&mut self, text: impl AsRef<[u8]>) {
        let mut packet = self.device.seal(self.clock(), text.as_ref()).expect("short");
        assert!(self.session.handle_datagram(self.now, &mut packet), "it is authentic");
    }

    fn result(&mut self, id: i64, result: &str) {
        self.hand(format!(r#"{{"id":{id},"result":{result}}}"#));
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.session.poll_event()).collect()
    }

    /// The requests that have ended; nothing else may have happened.
    pub(crate) fn done(&mut self) -> Done {
        let done = self.events().into_iter().map(|event| match event {
            Event::Done { key, result } => (key, result),
            other => panic!("{other:?}"),
        });
        done.collect()
    }

    fn wait(&mut self, milliseconds: u64) {
        self.now = self.now + Duration::from_millis(milliseconds);
        self.session.handle_timeout(self.now);
    }
}

/// What the one request ends in that gets this text as its answer; `ID` stands for its id.
fn answered(text: &str) -> Result<Reply, Failure> {
    let mut bench = Bench::acquainted();
    let (key, id) = bench.ask("get_prop");
    bench.hand(text.replace("ID", &id.to_string()));
    let mut done = bench.done();
    let Some((ended, result)) = done.pop() else { panic!("{text} answers nothing") };
    assert_eq!(ended, key);
    assert_eq!(done.len(), 0, "{text} ended more than one request");
    if let Ok(reply) = &result {
        assert_eq!(i64::from(reply.id()), id);
    }
    result
}

#[track_caller]
fn assert_result(text: &str, result: &str) {
    let reply = answered(text);
    assert_eq!(reply.as_ref().map(Reply::text), Ok(result), "{text}");
}

#[track_caller]
fn assert_device_error(text: &str, code: Option<i64>, message: &str) {
    assert_eq!(answered(text), Err(DeviceError::new(code, message).into()), "{text}");
}

#[test]
fn requests_are_compact_and_in_order() {
    let mut bench = Bench::new(77);
    let request = Request::new("get_prop", ["power", "灯 \"x\""]).unwrap();
    bench.session.request(bench.now, request.sid("lumi.1").unwrap());
    let [datagram] = &mut bench.datagrams()[..] else { panic!("one request") };
    let header = Packet::parse(datagram).unwrap();
    assert_eq!((header.did(), header.stamp()), (DID, 12_346));
    let text = r#"{"id":77,"method":"get_prop","params":["power","灯 \"x\""],"sid":"lumi.1"}"#;
    assert_eq!(bench.session.cipher().open(datagram), Ok(text.as_bytes()));
}

#[test]
fn row_1_trailing_nuls() {
    assert_result("{\"id\":ID,\"result\":[\"on\"]}\0", r#"["on"]"#);
    assert_result("{\"id\":ID,\"result\":[\"on\"]}\0\0\0\0", r#"["on"]"#);
}

#[test]
fn rows_2_to_11_are_mended_before_the_answer_is_read() {
    assert_result(r#"{"id":ID,,"result":{"a":1,,"b":2}}"#, r#"{"a":1,"b":2}"#);
    assert_result("{\"id\":ID,\"result\":[]}\0garbage", "[]");
    assert_result(r#"{"id":ID,"result":06}"#, "6");
    assert_result(r#"{"id":ID,"result":,"exe_time":0}"#, "null");
    assert_result(r#"{"id":ID,"result":["on",,5]}"#, r#"["on",null,5]"#);
    assert_result("{\"id\":ID,\"result\":\"a\tb\"}", r#""a\u0009b""#);
    assert_result(r#"{"result":[net],"id":ID}"#, r#"["net"]"#);
    assert_result(r#"{"id":ID,"result":-0./}"#, "null");
}

#[test]
fn row_12_an_empty_answer_proves_the_token() {
    for empty in ["", "\0", "\0\0\0\0", " ", "\r\n\0"] {
        let mut bench = Bench::new(1);
        let (key, _) = bench.ask("miIO.info");
        assert!(!bench.session.is_confirmed());
        bench.hand(empty);
        assert_eq!(
            bench.done(),
            [(key, Err(Failure::Malformed(MessageError::Empty)))],
            "{empty:?}"
        );
        assert!(bench.session.is_confirmed(), "its checksum was made with the right token");
    }
}

#[test]
fn row_13_every_form_of_error() {
    let timeout = "user ack timeout";
    assert_device_error(
        r#"{"id":ID,"error":{"code":-9999,"message":"user ack timeout"},"exe_time":4002}"#,
        Some(-9999),
        timeout,
    );
    assert_device_error(
        r#"{"id":ID,"error":{"code":-9999,"error":"user ack timeout"}}"#,
        Some(-9999),
        timeout,
    );
    assert_device_error(r#"{"id":ID,"error":"user ack timeout"}"#, None, timeout);
    assert_device_error(r#"{"id":ID,"error":-9999}"#, Some(-9999), "");
    assert_device_error(r#"{"id":ID,"error":{"code":"-9999"}}"#, Some(-9999), "");
    assert_device_error(r#"{"id":ID,"error":{}}"#, None, "");
    assert_device_error(r#"{"id":ID,"error":{"code":-1},"result":["ok"]}"#, Some(-1), "");
    // No error at all.
    assert_result(r#"{"id":ID,"error":null,"result":["ok"]}"#, r#"["ok"]"#);
    assert_result(r#"{"id":ID,"result":{"code":-9999}}"#, r#"{"code":-9999}"#);
}

#[test]
fn row_13_codes_have_meanings() {
    let Err(Failure::Device(error)) = answered(r#"{"id":ID,"error":{"code":-9999}}"#) else {
        panic!("an error");
    };
    assert!(error.meaning().is_some_and(|meaning| meaning.contains("in time")));
    assert!(error.to_string().starts_with("the device reports error -9999: "), "{error}");
    assert_eq!(DeviceError::new(Some(-123_456), "").meaning(), None);
}

/// Every code that a source names, with a word of what a person is told. -10000 to -5000 are the makers' own.
#[test]
fn every_known_code_says_what_it_means() {
    let ota = (-33_025..=-33_000).map(|code| (code, "update: "));
    let storage = (-32_699..=-32_694).map(|code| (code, "storage or timer"));
    let known = [
        (-32_700, "could not parse"),
        (-32_600, "wrong form"),
        (-32_601, "does not know this method"),
        (-32_602, "parameters are wrong"),
        (-32_603, "Wi-Fi settings"),
        (-32_604, "invalid code"),
        (-32_605, "too many objects"),
        (-30_000, "undefined"),
        (-30_001, "its own answer"),
        (-30_010, "failed inside"),
        (-30_011, "several tries"),
        (-30_012, "busy"),
        (-30_013, "offline"),
        (-30_014, "not synchronised"),
        (-30_015, "permission denied"),
        (-30_020, "cloud link"),
        (-30_030, "redirect"),
        (-33_001, "download"),
        (-33_002, "host name"),
        (-33_003, "no connection"),
        (-33_004, "lost"),
        (-33_005, "installation"),
        (-33_006, "cancelled"),
        (-33_007, "battery"),
        (-33_008, "already running"),
        (-33_009, "too long"),
        (-33_021, "HTTP header"),
        (-33_022, "could not be started"),
        (-33_023, "download took too long"),
        (-33_024, "writing"),
        (-33_025, "not valid"),
        (-10_000, "not supported"),
        (-9_999, "did not answer in time"),
        (-9_998, "invalid"),
        (-6_011, "refused"),
        (-5_005, "parameters"),
        (-5_003, "memory"),
        (-5_001, "refused the command"),
        (5_008, "infrared"),
        (-6, "application data"),
        (-7, "no such device"),
        (-4_001, "cannot be read"),
        (-4_002, "cannot be written"),
        (-4_003, "no such property"),
        (-4_004, "general failure"),
        (-4_005, "value does not fit"),
        (-4_006, "inputs do not fit"),
        (-4_007, "did"),
        (-704_042_011, "offline"),
        (-704_083_036, "too long"),
        (-704_030_992, "too many requests"),
    ];
    for (code, word) in known.into_iter().chain(ota).chain(storage) {
        let error = DeviceError::new(Some(code), "");
        assert!(error.meaning().is_some_and(|meaning| meaning.contains(word)), "{error}");
    }
    for said in ["unknown_method", "Method not found.", "unknown method", "not supported"] {
        for code in [None, Some(-1), Some(-2)] {
            let error = DeviceError::new(code, said);
            assert!(error.meaning().is_some(), "{error}");
        }
    }
    for code in [0, 1, 42, -8, -4_008, -7_000, i64::MIN, i64::MAX] {
        assert_eq!(DeviceError::new(Some(code), "no words for it").meaning(), None, "{code}");
    }
}

#[test]
fn row_14_every_form_of_success() {
    for ok in ["0", "\"ok\"", "[\"ok\"]", "[0]", "[\"OK\"]", "{\"code\":0}"] {
        let reply = answered(&format!(r#"{{"id":ID,"result":{ok}}}"#)).unwrap();
        assert_eq!(reply.text(), ok);
        assert!(reply.value().unwrap().is_ok(), "{ok}");
    }
}

#[test]
fn row_14_unknown_method_is_an_error() {
    for result in ["\"unknown_method\"", "[\"unknown_method\"]"] {
        let Err(Failure::Device(error)) = answered(&format!(r#"{{"id":ID,"result":{result}}}"#))
        else {
            panic!("{result} is no success");
        };
        assert_eq!(error, DeviceError::new(None, "unknown_method"));
        assert_eq!(error.meaning(), Some("the device does not know this method"));
    }
    // Only the result as a whole is one.
    assert_result(r#"{"id":ID,"result":["unknown_method",1]}"#, r#"["unknown_method",1]"#);
}

#[test]
fn row_15_fields_without_their_wrapper() {
    let whole = r#"{"id":ID,"model":"zhimi.fan.za1","fw_ver":"1.2.4"}"#;
    let reply = answered(whole).unwrap();
    let info = Info::from_value(reply.value().unwrap());
    assert_eq!(info.model.as_deref(), Some("zhimi.fan.za1"));
    assert_eq!(info.fw_ver.as_deref(), Some("1.2.4"));
    // Nothing but the envelope is no result.
    assert_result(r#"{"id":ID}"#, "null");
    assert_result(r#"{"id":ID,"exe_time":4}"#, "null");
}

#[test]
fn row_16_an_answer_without_an_id_belongs_to_the_only_request() {
    for id in ["\"id\":0,", "", "\"id\":null,", "\"id\":\"\","] {
        assert_result(&format!(r#"{{{id}"result":[1]}}"#), "[1]");
        assert_device_error(&format!(r#"{{{id}"error":{{"code":-5001}}}}"#), Some(-5001), "");
    }
    // A request that is not sent yet cannot be meant.
    let mut bench = Bench::new(1);
    bench.session.request(bench.now, Request::new("get_prop", ()).unwrap());
    bench.hand(r#"{"id":0,"result":[1]}"#);
    assert_eq!(bench.done(), []);
    assert_eq!(bench.session.stats().unknown_id, 1);
}

#[test]
fn row_16_an_answer_without_an_id_is_dropped_when_two_wait() {
    let mut bench = Bench::acquainted();
    let (first, first_id) = bench.ask("get_prop");
    let (second, second_id) = bench.ask("get_prop");
    assert_ne!(first_id, second_id);
    for text in [
        r#"{"id":0,"result":[1]}"#,
        r#"{"result":[1]}"#,
        r#"{"id":0,"error":{"code":-30001}}"#,
        "",
        "[1]",
        r#"{"result":["on","#,
    ] {
        bench.hand(text);
        assert_eq!(bench.done(), [], "{text}");
    }
    assert_eq!(bench.session.stats().unknown_id, 6);
    // Each still gets its own.
    bench.result(second_id, "[2]");
    bench.result(first_id, "[1]");
    let done = bench.done();
    let ended: Vec<_> =
        done.iter().map(|(key, reply)| (*key, reply.as_ref().unwrap().text())).collect();
    assert_eq!(ended, [(second, "[2]"), (first, "[1]")]);
}

#[test]
fn an_id_written_as_a_string_is_one() {
    assert_result(r#"{"id":"ID","result":[1]}"#, "[1]");
}

#[test]
fn row_18_a_truncated_answer_ends_its_own_request() {
    let mut bench = Bench::acquainted();
    let (first, first_id) = bench.ask("get_prop");
    let (second, second_id) = bench.ask("get_prop");
    let text = format!(r#"{{"id":{second_id},"result":[{{"did":"5188"#);
    bench.hand(&text);
    let truncated = JsonError::Truncated { len: text.len() };
    assert_eq!(bench.done(), [(second, Err(Failure::Malformed(MessageError::Json(truncated))))]);
    bench.result(first_id, "[]");
    assert_eq!(bench.done().first().map(|(key, _)| *key), Some(first));
}

#[test]
fn what_is_json_and_no_message_is_malformed() {
    for text in ["[1]", "7", "\"ok\"", "null"] {
        let error = Failure::Malformed(MessageError::NotAnObject);
        assert_eq!(answered(text), Err(error), "{text}");
    }
    let result = answered(r#"{"id":ID "result":[]}"#);
    assert!(
        matches!(result, Err(Failure::Malformed(MessageError::Json(JsonError::Syntax { .. })))),
        "{result:?}"
    );
}

#[test]
fn row_20_a_repeated_answer_is_dropped_and_counted() {
    let mut bench = Bench::acquainted();
    let (key, id) = bench.ask("get_prop");
    for _ in 0..3 {
        bench.result(id, "[1]");
    }
    let done = bench.done();
    assert_eq!(done.len(), 1);
    assert_eq!(done[0].0, key);
    assert_eq!(bench.session.stats().unknown_id, 2);
    // Nor does it answer what is asked next.
    let (next, next_id) = bench.ask("get_prop");
    bench.result(id, "[1]");
    assert_eq!(bench.done(), []);
    bench.result(next_id, "[2]");
    assert_eq!(bench.done()[0].0, next);
    assert_eq!(bench.session.stats().unknown_id, 3);
}

#[test]
fn row_21_an_answer_to_another_request_is_dropped_and_counted() {
    let mut bench = Bench::acquainted();
    let (key, id) = bench.ask("get_prop");
    for other in [id - 1, id + 1, -id, i64::MAX, id + (1 << 32)] {
        bench.result(other, "[\"wrong\"]");
        bench.hand(format!(r#"{{"id":{other},"error":{{"code":-30001}}}}"#));
        bench.hand(format!(r#"{{"id":{other},"result":["cut"#));
    }
    assert_eq!(bench.done(), []);
    assert_eq!(bench.session.stats().unknown_id, 15);
    bench.result(id, "[\"right\"]");
    let [(ended, Ok(reply))] = &bench.done()[..] else { panic!("it is answered") };
    assert_eq!((*ended, reply.text()), (key, "[\"right\"]"));
}

#[test]
fn row_22_a_request_of_the_device_is_no_answer() {
    let mut bench = Bench::acquainted();
    let (key, id) = bench.ask("get_prop");
    // The device counts for itself, so its id may be the very one that is under way here.
    bench.hand(format!(r#"{{"id":{id},"method":"props","params":{{"rgb":7}}}}"#));
    let [Event::Request(request)] = &bench.events()[..] else { panic!("a request and no answer") };
    assert_eq!((request.id, request.method.as_str()), (id, "props"));
    assert_eq!(request.params, json!({"rgb": 7}));

    bench.session.answer(request.id, r#"{"code":0}"#).unwrap();
    let [datagram] = &mut bench.datagrams()[..] else { panic!("one answer") };
    let header = Packet::parse(datagram).unwrap();
    assert_eq!(
        Header { did: header.did(), stamp: header.stamp() },
        Header { did: DID, stamp: bench.clock() }
    );
    let clock = bench.clock();
    let Ok(Incoming::Request(answer)) = bench.device.receive(clock, datagram) else {
        panic!("the device can open it");
    };
    assert_eq!(answer.message, json!({"id": id, "result": {"code": 0}}));
    assert_eq!(answer.method, "");

    bench.result(id, "[1]");
    assert_eq!(bench.done()[0].0, key, "and the request under way still waits for its own");
}

#[test]
fn row_22_requests_of_the_device_are_bounded() {
    let mut bench = Bench::acquainted();
    for id in 1..1000 {
        bench.hand(format!(r#"{{"id":{id},"method":"_otc.log"}}"#));
    }
    let requests = bench.events();
    assert!((1..=64).contains(&requests.len()), "{}", requests.len());
    assert!(matches!(&requests[0], Event::Request(first) if first.params == Value::Null));
    for id in 1..1000 {
        bench.session.answer(id, "0").unwrap();
    }
    let answers = bench.datagrams();
    assert!((1..=16).contains(&answers.len()), "{}", answers.len());
    assert!(bench.session.answer(1, &"0".repeat(70_000)).is_err(), "too long for a packet");
}

#[test]
fn row_23_a_byte_order_mark_and_blanks() {
    assert_result(" \r\n{ \"id\": ID, \"result\": [ 1 ] }\r\n", "[ 1 ]");
    assert_result("\u{feff}{\"id\":ID,\"result\":[1]}", "[1]");
}

#[test]
fn a_garbled_answer_is_asked_for_again() {
    let garbled = DeviceError::new(Some(-30001), "resp invalid json");
    let error = r#""error":{"code":-30001,"message":"resp invalid json"}"#;
    let mut bench = Bench::acquainted();
    let (key, first) = bench.ask("get_prop");
    // With an id or without: there is only one it can be about.
    bench.hand(format!(r#"{{"id":0,{error}}}"#));
    assert_eq!(bench.done(), []);
    bench.wait(1_000);
    let [again] = &bench.sent()[..] else { panic!("asked again") };
    let second = again["id"].as_i64().unwrap();
    assert_ne!(second, first, "a device is silent on an id it knows");
    bench.result(second, "[1]");
    assert!(matches!(&bench.done()[..], [(ended, Ok(_))] if *ended == key));

    // Not for ever.
    let (key, id) = bench.ask("get_prop");
    for _ in 0..2 {
        bench.hand(format!(r#"{{"id":{id},{error}}}"#));
        assert_eq!(bench.done(), []);
    }
    bench.hand(format!(r#"{{"id":{id},{error}}}"#));
    assert_eq!(bench.done(), [(key, Err(Failure::Device(garbled.clone())))]);

    // When nothing better comes, that is how it ends: it is more than silence.
    let (key, id) = bench.ask("get_prop");
    bench.hand(format!(r#"{{"id":{id},{error}}}"#));
    bench.wait(5_000);
    assert_eq!(bench.done(), [(key, Err(Failure::Device(garbled)))]);
}

#[test]
fn a_garbled_answer_ends_what_must_not_be_repeated() {
    for method in ["toggle", "action", "set_adjust", "app_start"] {
        let mut bench = Bench::acquainted();
        let (key, id) = bench.ask(method);
        bench.hand(format!(r#"{{"id":{id},"error":{{"code":-30001}}}}"#));
        let garbled = DeviceError::new(Some(-30001), "");
        assert_eq!(bench.done(), [(key, Err(Failure::Device(garbled)))], "{method}");
        bench.wait(1_000);
        assert_eq!(bench.sent(), Vec::<Value>::new(), "{method}");
    }
}

#[test]
fn a_wrongly_padded_answer_is_malformed() {
    let mut bench = Bench::acquainted();
    let (key, _) = bench.ask("get_prop");
    let mut packet = crate::cipher::sealed_without_padding(
        &token(),
        Header { did: DID, stamp: bench.clock() },
        &[0x20; 16],
    );
    assert!(bench.session.handle_datagram(bench.now, &mut packet));
    assert_eq!(bench.done(), [(key, Err(Failure::Malformed(MessageError::Padding)))]);
}

#[test]
fn what_is_not_authentic_ends_nothing() {
    let mut bench = Bench::acquainted();
    let (key, id) = bench.ask("toggle");
    let forger = Responder::new(DID, Token::new([1; 16]));
    let mut forged = forger.reply(bench.clock(), id, "[1]").unwrap();
    assert!(!bench.session.handle_datagram(bench.now, &mut forged));
    let authentic = bench.device.reply(bench.clock(), id, "[1]").unwrap();
    for length in 0..authentic.len() {
        let mut cut = authentic[..length].to_vec();
        assert!(!bench.session.handle_datagram(bench.now, &mut cut), "{length}");
    }
    for at in 0..authentic.len() * 8 {
        let mut flipped = authentic.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        assert!(!bench.session.handle_datagram(bench.now, &mut flipped), "bit {at}");
    }
    assert_eq!(bench.done(), []);
    assert_eq!(bench.session.did(), Some(Did::from(DID)));
    let stats = bench.session.stats();
    assert_eq!(
        stats.malformed + stats.bad_checksum,
        u32::try_from(1 + authentic.len() * 9).unwrap()
    );
    let mut authentic = authentic;
    assert!(bench.session.handle_datagram(bench.now, &mut authentic));
    assert_eq!(bench.done()[0].0, key);
}

/// A source of randomness that gives the id to begin with.
pub(crate) struct FirstId(pub(crate) u32);

impl Random for FirstId {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
    }

    fn next_u64(&mut self) -> u64 {
        self.0.into()
    }
}
