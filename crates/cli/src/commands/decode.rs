//! `iot-home miio decode`: one packet, or all of a capture.

use std::io::Read;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iot_home::miio::cipher::OpenError;
use iot_home::miio::packet::{HEADER_LEN, HelloField, HelloReply, PacketError, PacketKind};
use iot_home::miio::{Cipher, Packet};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Context;
use crate::args::Decode;
use crate::capture::{self, CaptureError, Captured, End};
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::ordered::Ordered;
use crate::output::{Output, Style, Tone, fields, printable};
use crate::token::Tokens;
use crate::{hex, input};

pub(super) async fn run(context: &Context, args: Decode) -> Outcome {
    let source = args.pcap.as_deref().or(args.packet.as_deref().map(Path::new));
    let both = [source, args.token_file.as_deref()];
    if both.into_iter().all(|file| file.is_some_and(input::is_stdin)) {
        return Err(Failure::usage("stdin can be the token or the packet, not both"));
    }
    let tokens = Tokens::read(&args).await?;
    match (args.pcap, args.packet) {
        (Some(file), _) => capture(context, file, tokens).await,
        (None, packet) => one(context, packet.unwrap_or_default(), &tokens).await,
    }
}

async fn one(context: &Context, text: String, tokens: &Tokens) -> Outcome {
    let text = if text == "-" { input::text(Path::new("-"), "packet").await? } else { text };
    let bytes = hex::decode(&text)
        .map_err(|error| Failure::bad_input(format!("the packet is not hexadecimal: {error}")))?;
    let decoded = Decoded::read(&bytes, &tokens.any())
        .map_err(|error| Failure::bad_input(format!("malformed packet: {error}")))?;
    context.output.print(&decoded, Decoded::block)?;
    Ok(decoded.verdict())
}

async fn capture(context: &Context, file: PathBuf, tokens: Tokens) -> Outcome {
    let input = input::open(&file)?;
    let stop = StopOnDrop::default();
    let stopped = Arc::clone(&stop.0);
    let output = context.output.clone();
    let waiting = output.waiting(format!("reading {}", input::name(&file)));
    let reading = tokio::task::spawn_blocking(move || print_all(&output, input, &tokens, &stopped));
    let outcome =
        reading.await.map_err(|_| Failure::new(Kind::Internal, "reading was interrupted"))?;
    drop(waiting);
    outcome
}

/// Ends the reading thread when the command is interrupted.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn print_all(output: &Output, input: impl Read, tokens: &Tokens, stop: &AtomicBool) -> Outcome {
    let mut verdict = Verdict::Done;
    let mut failure = None;
    let (mut packets, mut malformed) = (0_u64, 0_u64);
    let summary = capture::read(input, |captured| {
        if stop.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        if !capture::looks_like_miio(captured.payload) {
            return ControlFlow::Continue(());
        }
        let fitting = tokens.between([captured.src.ip(), captured.dst.ip()]);
        let Ok(decoded) = Decoded::read(captured.payload, &fitting) else {
            malformed += 1;
            return ControlFlow::Continue(());
        };
        packets += 1;
        if decoded.verdict() == Verdict::NotOk {
            verdict = Verdict::NotOk;
        }
        match output.print(&decoded.at(&captured), Decoded::line) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    let summary = summary.map_err(|error| match error {
        CaptureError::Io(_) => Failure::new(Kind::Io, error.to_string()),
        _ => Failure::bad_input(error.to_string()),
    })?;
    if malformed > 0 {
        output.warn(&format!("malformed miIO packets: {malformed}"));
    }
    for warning in summary.warnings() {
        output.warn(&warning);
    }
    if packets == 0 {
        output.warn(&format!("no miIO packet among {} UDP datagrams", summary.datagrams));
        return Ok(Verdict::NotOk);
    }
    Ok(if summary.end == End::Damaged { Verdict::NotOk } else { verdict })
}

/// What a packet says.
#[derive(Serialize)]
struct Decoded {
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst: Option<SocketAddr>,
    kind: &'static str,
    did: String,
    stamp: u32,
    checksum: &'static str,
    /// Of a hello reply: the token it shows, or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_visible: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    virtual_did: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<Subscription>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Ordered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// Bytes behind the packet's own length.
    #[serde(skip_serializing_if = "Option::is_none")]
    trailing_bytes: Option<usize>,
}

#[derive(Serialize)]
struct Subscription {
    timestamp: u32,
    kind: u8,
    wildcard: bool,
}

impl Decoded {
    fn read(bytes: &[u8], ciphers: &[&Cipher]) -> Result<Self, PacketError> {
        let packet = Packet::parse(bytes)?;
        let length = HEADER_LEN + packet.ciphertext().len();
        let mut decoded = Self {
            time: None,
            src: None,
            dst: None,
            kind: "message",
            did: packet.did().to_string(),
            stamp: packet.stamp(),
            checksum: "none",
            token: None,
            token_visible: None,
            virtual_did: packet.virtual_did().map(|did| did.to_string()),
            subscription: None,
            payload: None,
            payload_text: None,
            problem: None,
            trailing_bytes: bytes.len().checked_sub(length).filter(|rest| *rest > 0),
        };
        let fitting = ciphers.iter().find(|cipher| cipher.verify(&packet));
        match packet.kind() {
            PacketKind::Probe => decoded.kind = "hello",
            PacketKind::Short if fitting.is_some() => {
                (decoded.kind, decoded.checksum) = ("keep-alive", "ok");
            }
            PacketKind::Short => {
                decoded.kind = "hello-reply";
                decoded.hello_reply(&packet);
            }
            _ => match fitting {
                Some(cipher) => decoded.open(cipher, bytes),
                None if ciphers.is_empty() => decoded.checksum = "unchecked",
                None => decoded.checksum = "bad",
            },
        }
        Ok(decoded)
    }

    fn hello_reply(&mut self, packet: &Packet<'_>) {
        let Some(reply) = HelloReply::from_packet(packet) else { return };
        let token = reply.field.token().map(|token| token.expose_hex());
        self.token_visible = Some(token.is_some());
        self.token = Some(token);
        if let HelloField::Subscription(subscription) = reply.field {
            let (timestamp, kind) = (subscription.timestamp, subscription.kind);
            let wildcard = subscription.wildcard;
            self.subscription = Some(Subscription { timestamp, kind, wildcard });
        }
    }

    fn open(&mut self, cipher: &Cipher, bytes: &[u8]) {
        self.checksum = "ok";
        match cipher.open(&mut bytes.to_vec()) {
            Ok(plaintext) => {
                let text = String::from_utf8_lossy(plaintext).into_owned();
                self.payload = Ordered::lenient(&text);
                self.payload_text = Some(text);
            }
            Err(OpenError::Checksum) => self.checksum = "bad",
            Err(error) => self.problem = Some(error.to_string()),
        }
    }

    fn at(mut self, captured: &Captured<'_>) -> Self {
        let text = captured.time.map(|time| {
            let nanos = i128::from(time.secs) * 1_000_000_000 + i128::from(time.nanos);
            let sign = if nanos < 0 { "-" } else { "" };
            let nanos = nanos.unsigned_abs();
            format!("{sign}{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
        });
        // As text, since a double has too few digits for nanoseconds.
        let null = || String::from("null");
        self.time = RawValue::from_string(text.unwrap_or_else(null)).ok();
        (self.src, self.dst) = (Some(captured.src), Some(captured.dst));
        self
    }

    fn verdict(&self) -> Verdict {
        let bad = self.checksum == "bad" || self.problem.is_some();
        if bad { Verdict::NotOk } else { Verdict::Done }
    }

    /// For a person, as a block.
    fn block(&self, style: Style) -> String {
        let token = self.token.clone().map(|token| token.unwrap_or_else(|| "hidden".into()));
        // Shown where it says more than the JSON made of it.
        let broken = |text: &&String| Ordered::parse(text.trim_end_matches('\0')).is_err();
        let text = self.payload_text.as_ref().filter(broken);
        fields(
            style,
            [
                ("kind", Some(self.kind.to_owned())),
                ("did", Some(self.did.clone())),
                ("stamp", Some(self.stamp.to_string())),
                ("checksum", Some(self.checksum.to_owned())),
                ("token", token),
                ("virtual did", self.virtual_did.clone()),
                ("payload", self.payload.as_ref().map(ToString::to_string)),
                ("as sent", text.cloned()),
                ("problem", self.problem.clone()),
                ("trailing bytes", self.trailing_bytes.map(|n| n.to_string())),
            ],
        )
    }

    /// For a person, one of many.
    fn line(&self, style: Style) -> String {
        let time = self.time.as_deref().map_or("", RawValue::get);
        let addr = |addr: Option<SocketAddr>| addr.map(|addr| addr.to_string()).unwrap_or_default();
        let ends = format!("{} > {}", addr(self.src), addr(self.dst));
        let checksum = match self.checksum {
            "bad" => style.paint(Tone::Bad, "bad checksum"),
            "unchecked" => style.paint(Tone::Faint, "unchecked"),
            _ => "".into(),
        };
        let text = self.payload.as_ref().map(ToString::to_string).or(self.payload_text.clone());
        let text = text.or(self.token.clone().flatten().map(|token| format!("token {token}")));
        // A probe is for everybody: its did and stamp say nothing.
        let header = if self.kind == "hello" {
            self.virtual_did.as_ref().map(|did| format!("from {did}")).unwrap_or_default()
        } else {
            format!("{}  {}", self.did, self.stamp)
        };
        let text = printable(text.as_deref().unwrap_or_default());
        let line = format!("{time}  {ends:<43}  {:<11}  {header}  {checksum}{text}", self.kind);
        line.trim_end().to_owned()
    }
}
