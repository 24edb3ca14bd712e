//! `miio decode --pcap` against what tshark found in the same files.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{TOKEN, command, finish, fixture, keys, run};

struct Packet {
    time: String,
    src: String,
    dst: String,
    vector: String,
}

/// By file, the packets in order.
fn expected() -> BTreeMap<String, Vec<Packet>> {
    let mut files = BTreeMap::<String, Vec<Packet>>::new();
    for line in std::fs::read_to_string(fixture("captures/expected.tsv")).unwrap().lines() {
        let [file, _, time, src, dst, vector] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let [time, src, dst, vector] = [time, src, dst, vector].map(ToOwned::to_owned);
        files.entry(file.to_owned()).or_default().push(Packet { time, src, dst, vector });
    }
    files
}

fn vectors() -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(fixture("miio/vectors.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let vectors = file["vectors"].as_array().unwrap().iter();
    vectors.map(|vector| (vector["id"].as_str().unwrap().to_owned(), vector.clone())).collect()
}

#[test]
fn every_packet_of_every_capture() {
    let vectors = vectors();
    let files = expected();
    assert!(files.len() > 15);
    for (file, packets) in &files {
        let path = fixture(&format!("captures/{file}"));
        let path = path.to_str().unwrap();
        let decoded = run(["miio", "decode", "--pcap", path, "--token", TOKEN, "--json"]);
        assert_eq!((decoded.code, decoded.stderr.as_str()), (0, ""), "{file}");
        let lines = decoded.lines();
        assert_eq!(lines.len(), packets.len(), "{file}");
        for ((line, text), packet) in lines.iter().zip(decoded.stdout.lines()).zip(packets) {
            // Compared as text: a double would lose the last digits.
            assert!(text.starts_with(&format!("{{\"time\":{},", packet.time)), "{file}: {text}");
            assert_eq!(
                (&line["src"], &line["dst"]),
                (&packet.src.as_str().into(), &packet.dst.as_str().into()),
                "{file}"
            );
            let vector = &vectors[&packet.vector];
            if let Some(did) = vector.get("did") {
                assert_eq!(
                    (&line["did"], &line["stamp"]),
                    (did, &vector["stamp"]),
                    "{file}: {text}"
                );
            }
            assert_eq!(line.get("payload_text"), vector.get("plaintext"), "{file}: {text}");
            let checksum = if vector.get("plaintext").is_some() { "ok" } else { "none" };
            assert_eq!(line["checksum"], checksum, "{file}: {text}");
        }
    }
}

#[test]
fn without_a_token_and_with_a_wrong_one() {
    let path = fixture("captures/ethernet.pcap");
    let path = path.to_str().unwrap();
    let unchecked = run(["miio", "decode", "--pcap", path, "--json"]);
    assert_eq!(unchecked.code, 0);
    let message = &unchecked.lines()[4];
    assert_eq!(keys(message), ["checksum", "did", "dst", "kind", "src", "stamp", "time"]);
    assert_eq!(message["checksum"], "unchecked");
    let wrong = "ff112233445566778899aabbccddeeff";
    let bad = run(["miio", "decode", "--pcap", path, "--json", "--token", wrong]);
    assert_eq!((bad.code, &bad.lines()[4]["checksum"]), (1, &"bad".into()));
    assert_eq!(bad.lines().len(), unchecked.lines().len());
    // One that fits is enough.
    let both = ["miio", "decode", "--pcap", path, "--token", wrong, "--token", TOKEN];
    assert_eq!(run(both).code, 0);
}

#[test]
fn a_token_for_one_address() {
    let path = fixture("captures/ethernet.pcap");
    let path = path.to_str().unwrap();
    let start = ["miio", "decode", "--pcap", path, "--json"];
    let own = format!("192.168.1.77={TOKEN}");
    let decoded = run([&start[..], &["--token", &own]].concat());
    assert_eq!(decoded.code, 0);
    for line in decoded.lines().iter().filter(|line| line["kind"] == "message") {
        let v4 = line["src"].as_str().unwrap().starts_with("192.");
        assert_eq!(line["checksum"], if v4 { "ok" } else { "unchecked" }, "{line}");
    }
    // Its own token decides, whatever else there is.
    let wrong = "192.168.1.77=ff112233445566778899aabbccddeeff";
    let decoded = run([&start[..], &["--token", wrong, "--token", TOKEN]].concat());
    assert_eq!(decoded.code, 1);
    for line in decoded.lines().iter().filter(|line| line["kind"] == "message") {
        let v4 = line["src"].as_str().unwrap().starts_with("192.");
        assert_eq!(line["checksum"], if v4 { "bad" } else { "ok" }, "{line}");
    }
}

#[test]
fn from_stdin_and_cut_short() {
    let bytes = std::fs::read(fixture("captures/tcpdump-lo.pcap")).unwrap();
    let whole = finish(command(["miio", "decode", "--pcap", "-", "--json"]), &bytes);
    assert_eq!((whole.code, whole.stderr.as_str()), (0, ""));
    let cut =
        finish(command(["miio", "decode", "--pcap", "-", "--json"]), &bytes[..bytes.len() - 7]);
    assert_eq!(cut.lines().len(), whole.lines().len() - 1);
    assert!(cut.stderr.contains("warning: "), "{cut:?}");
}

#[test]
fn nothing_of_ours_in_it() {
    // A pcap file's header and no frame.
    let bytes = std::fs::read(fixture("captures/ethernet.pcap")).unwrap();
    let empty = finish(command(["miio", "decode", "--pcap", "-", "--json"]), &bytes[..24]);
    assert_eq!((empty.code, empty.stdout.as_str()), (1, ""));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let path = fixture("captures/ethernet.pcap");
    let mut command = command(["miio", "decode", "--json", "--pcap"]);
    let mut child = command.arg(path).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
