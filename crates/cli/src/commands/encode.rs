//! `iot-home miio encode` and `iot-home miio token`: making what others will send.

use std::path::Path;

use iot_home::miio::Cipher;
use iot_home::miio::packet::{HELLO, Header};
use serde::Serialize;

use super::Context;
use crate::args::{Encode, TokenCommand};
use crate::failure::{Failure, Outcome, Verdict};
use crate::{hex, input, token};

#[derive(Serialize)]
struct Encoded {
    packet: String,
}

pub(super) async fn run(context: &Context, args: Encode) -> Outcome {
    let packet = if args.hello { HELLO.to_vec() } else { seal(args).await? };
    context.output.print(&Encoded { packet: hex::encode(&packet) }, |it, _| it.packet.clone())?;
    Ok(Verdict::Done)
}

async fn seal(args: Encode) -> Result<Vec<u8>, Failure> {
    let from_stdin = args.text.as_deref() == Some("-");
    if from_stdin && args.token.token_file.as_deref().is_some_and(input::is_stdin) {
        return Err(Failure::usage("stdin can be the token or the text, not both"));
    }
    let (Some(did), Some(stamp)) = (args.did, args.stamp) else {
        return Err(Failure::usage("a packet needs --did and --stamp"));
    };
    let header = Header { did, stamp };
    let cipher = Cipher::new(&token::required(&args.token).await?);
    let text = match args.text {
        None => return Ok(cipher.keep_alive(header).to_vec()),
        Some(_) if from_stdin => input::bytes(Path::new("-"), "packet").await?,
        Some(text) => text.into_bytes(),
    };
    let mut packet = vec![0; Cipher::sealed_len(text.len())];
    cipher
        .seal(header, &text, &mut packet)
        .map_err(|error| Failure::bad_input(error.to_string()))?;
    Ok(packet)
}

#[derive(Serialize)]
struct Decoded {
    token: String,
}

pub(super) async fn token(context: &Context, command: TokenCommand) -> Outcome {
    let TokenCommand::Decode { value } = command;
    let token = if value.expose() == "-" {
        let text = input::text(Path::new("-"), "token").await?;
        token::parse(text.trim())?
    } else {
        token::parse(value.expose())?
    };
    context.output.print(&Decoded { token: token.expose_hex() }, |it, _| it.token.clone())?;
    Ok(Verdict::Done)
}
