//! The model against the samples, odd instances, and anything at all.

mod anything;
#[cfg(feature = "client")]
mod client;
mod documents;
mod inputs;
mod lists;
mod names;
mod samples;
mod values;

use iot_home_miot::Spec;
use iot_home_miot::samples::Sample;

fn spec(sample: Sample) -> Spec {
    Spec::from_json(sample.json.as_bytes()).expect("a sample is an instance")
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/miot");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
