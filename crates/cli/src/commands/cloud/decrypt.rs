//! `iot-home cloud decrypt`: one value, or all of a HAR file.

use std::path::{Path, PathBuf};

use iot_home::micloud::capture::{Exchange, Har, Signature};
use iot_home::micloud::{Capture, Nonce, OpenError};
use serde::Serialize;

use super::key;
use super::link::servers;
use crate::args::{CloudDecrypt, CloudHosts};
use crate::commands::Context;
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::input;
use crate::ordered::Ordered;
use crate::output::{Output, Style, Tone, printable};

pub(super) async fn decrypt(context: &Context, args: CloudDecrypt, hosts: CloudHosts) -> Outcome {
    let source = args.har.as_deref().or(args.body.as_deref().map(Path::new));
    let both = [source, args.key.ssecurity_file.as_deref()];
    if both.into_iter().all(|file| file.is_some_and(input::is_stdin)) {
        return Err(Failure::usage("stdin can be the key or what it opens, not both"));
    }
    let hosts = servers(&hosts)?;
    let capture = Capture::new(key(&args.key).await?).hosts(hosts);
    match (args.har, args.nonce, args.body) {
        (Some(file), ..) => har(context, file, capture).await,
        (None, Some(nonce), Some(body)) => value(context, &capture, nonce, body).await,
        // The command line is not taken without both.
        _ => Err(Failure::usage("a value and its nonce, or a HAR file")),
    }
}

async fn value(context: &Context, capture: &Capture, nonce: Nonce, body: String) -> Outcome {
    #[derive(Serialize)]
    struct Plain {
        plaintext: String,
    }

    let body = if body == "-" { input::text(Path::new("-"), "body").await? } else { body };
    let plaintext = capture.value(nonce, &body).map_err(unopened)?;
    context
        .output
        .print(&Plain { plaintext }, |plain, _| printable(&plain.plaintext).into_owned())?;
    Ok(Verdict::Done)
}

/// What was given makes no sense, or makes none with this key.
fn unopened(error: OpenError) -> Failure {
    match error {
        OpenError::Empty | OpenError::Html | OpenError::Base64 => {
            Failure::bad_input(error.to_string().replace("answer", "value"))
        }
        OpenError::Key => Failure::new(Kind::Malformed, "the value was encrypted with another key")
            .hint("the nonce is that of the request, the ssecurity that of its login"),
        error => Failure::new(Kind::Malformed, error.to_string().replace("answer", "value")),
    }
}

async fn har(context: &Context, file: PathBuf, capture: Capture) -> Outcome {
    let waiting = context.output.waiting(format!("reading {}", input::name(&file)));
    let bytes = input::bytes_up_to(LARGEST_HAR, &file, "HAR file").await?;
    drop(waiting);
    let output = context.output.clone();
    let opening = tokio::task::spawn_blocking(move || print_all(&output, &bytes, &capture));
    opening.await.map_err(|_| Failure::new(Kind::Internal, "reading was interrupted"))?
}

fn print_all(output: &Output, bytes: &[u8], capture: &Capture) -> Outcome {
    let har = Har::parse(bytes).map_err(|error| Failure::bad_input(error.to_string()))?;
    let (mut found, mut verdict) = (0_usize, Verdict::Done);
    for exchange in har.exchanges(capture) {
        found += 1;
        if exchange.failed_step.is_some() {
            verdict = Verdict::NotOk;
        }
        output.print(&Line::of(&exchange), Line::line)?;
    }
    if found == 0 {
        output.warn(&format!("no request to the Mi Home cloud among {}", har.len()));
        return Ok(Verdict::NotOk);
    }
    Ok(verdict)
}

/// A request and its answer, on a line.
#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    request: Option<Ordered>,
    response: Option<Ordered>,
    signature: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_step: Option<String>,
}

impl<'a> Line<'a> {
    fn of(exchange: &'a Exchange) -> Self {
        let json = |text: &String| {
            Ordered::parse(text).unwrap_or_else(|_| Ordered::Scalar(text.as_str().into()))
        };
        Self {
            path: &exchange.path,
            request: exchange.request.as_ref().map(json),
            response: exchange.response.as_ref().map(json),
            signature: exchange.signature.name(),
            failed_step: exchange.failed_step.map(|step| step.to_string()),
        }
    }

    fn line(&self, style: Style) -> String {
        let text = |json: &Option<Ordered>| json.as_ref().map_or("?".into(), ToString::to_string);
        let tone = if self.signature == Signature::Bad.name() { Tone::Bad } else { Tone::Faint };
        let signature = format!("signature {}", self.signature);
        let signature = style.paint(tone, &signature);
        let failed = self.failed_step.as_ref().map(|step| format!("  failed at {step}"));
        format!(
            "{}  {signature}{}\n  > {}\n  < {}",
            printable(self.path),
            failed.unwrap_or_default(),
            printable(&text(&self.request)),
            printable(&text(&self.response))
        )
    }
}

/// Browsers save an afternoon in less.
const LARGEST_HAR: u64 = 512 << 20;
