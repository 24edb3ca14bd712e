//! Captures made by other tools, against what tshark finds in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// The packets of the protocol's vectors, by their name.
fn vectors() -> Vec<(String, Vec<u8>)> {
    let text = fs::read_to_string(fixtures().join("miio/vectors.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let vectors = json["vectors"].as_array().unwrap().iter();
    vectors
        .filter_map(|vector| {
            let hex = vector["packet"].as_str()?;
            let bytes = (0..hex.len()).step_by(2);
            let bytes = bytes.map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
            Some((vector["id"].as_str()?.to_owned(), bytes.collect()))
        })
        .collect()
}

#[test]
fn every_capture_yields_the_vectors() {
    let vectors = vectors();
    let expected = fs::read_to_string(fixtures().join("captures/expected.tsv")).unwrap();
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in expected.lines() {
        let (file, line) = line.split_once('\t').unwrap();
        files.entry(file).or_default().push(line);
    }
    assert_eq!(files.len(), 22);
    for (file, lines) in files {
        let input = fs::File::open(fixtures().join("captures").join(file)).unwrap();
        let (found, summary) = try_read(input).unwrap();
        assert_eq!((summary.warnings(), summary.end), (vec![], End::Complete), "{file}");
        let found = found.iter().filter(|datagram| looks_like_miio(&datagram.payload));
        let found: Vec<_> = found
            .map(|Owned { frame, time, src, dst, payload }| {
                let Time { secs, nanos } = time.unwrap();
                let name = &vectors.iter().find(|(_, packet)| packet == payload).unwrap().0;
                format!("{frame}\t{secs}.{nanos:09}\t{src}\t{dst}\t{name}")
            })
            .collect();
        assert_eq!(found, lines, "{file}");
        let names = |lines: &[&str]| {
            let mut names: Vec<_> =
                lines.iter().map(|line| line.rsplit('\t').next().unwrap().to_owned()).collect();
            names.sort();
            names.dedup();
            names.len()
        };
        assert_eq!(names(&lines), vectors.len(), "{file}: every vector is in it");
    }
}
