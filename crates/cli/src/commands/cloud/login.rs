//! `iot-home cloud login`: every challenge, in the terminal.

use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;

use iot_home::Secret;
use iot_home::micloud::client::{Dialog, ErrorKind};
use iot_home::micloud::login::{Channel, LongPoll};
use iot_home::micloud::{Answer, Challenge};
use serde::Serialize;

use super::link::{builder, missed, path};
use super::qr;
use super::questions::{Picture, ask, ask_hidden, line};
use crate::args::{CloudHosts, Login};
use crate::commands::Context;
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::input;
use crate::output::fields;

#[derive(Serialize)]
struct LoggedIn {
    user_id: String,
    region: &'static str,
    session: String,
}

pub(super) async fn login(context: &Context, hosts: &CloudHosts, args: Login) -> Outcome {
    let file = path(&args.stored)?;
    // A session that could not be kept would be found out only after all the questions.
    private_folder(&file)?;
    let client = builder(context, hosts, &file)?.region(args.region).build();
    let client = client.map_err(Failure::before_cloud)?;
    let dialog = if args.qr {
        client.log_in_by_qr(LongPoll::Held)
    } else {
        let user = match &args.user {
            Some(user) => user.clone(),
            None => ask(&context.output, ACCOUNT).await?.expose().trim().to_owned(),
        };
        if user.is_empty() {
            return Err(Failure::usage("there is no account to log in to").hint(
                "--user takes an e-mail address, a phone number with its country's code, or the account's number",
            ));
        }
        let password = password(context, &args, &user).await?;
        client.log_in(&user, password.expose())
    };
    converse(context, dialog).await?;
    let session = client.session().ok_or_else(|| {
        Failure::new(Kind::Internal, "the login has ended, and there is no session")
    })?;
    let done = LoggedIn {
        user_id: session.user_id,
        region: args.region.name(),
        session: file.display().to_string(),
    };
    context.output.print(&done, |done, style| {
        fields(
            style,
            [
                ("logged in as", Some(done.user_id.clone())),
                ("region", Some(done.region.to_owned())),
                ("session", Some(done.session.clone())),
            ],
        )
    })?;
    context.output.advise("iot-home cloud devices lists what there is");
    Ok(Verdict::Done)
}

/// Passes questions to a person and answers to the server, until it asks no more. What the network does is bounded;
/// a person may take their time.
async fn converse(context: &Context, mut dialog: Dialog) -> Result<(), Failure> {
    let whole = context.options.cloud_timeout();
    let (mut longest, mut asked) = (whole, 0);
    loop {
        let waiting = context.output.waiting("logging in");
        let next = tokio::time::timeout(longest, dialog.challenge()).await;
        drop(waiting);
        let Some(challenge) = next.map_err(|_| missed(longest))??.cloned() else { return Ok(()) };
        longest = whole;
        asked += 1;
        if asked > MOST_QUESTIONS {
            // Whoever answers like this is a program, and its account is soon blocked.
            let message = format!("not logged in after {MOST_QUESTIONS} questions");
            return Err(
                Failure::new(Kind::Auth, message).hint("a QR code asks for the least: --qr")
            );
        }
        loop {
            let answer = match &challenge {
                Challenge::Qr { login_url, lifetime, .. } => {
                    show(context, login_url, *lifetime);
                    // The scan is waited for, and then the rest is done.
                    longest = lifetime.saturating_add(whole);
                    Answer::Shown
                }
                challenge => answer(context, challenge).await?,
            };
            match dialog.answer(answer) {
                Ok(()) => break,
                Err(error) if error.kind() == ErrorKind::BadInput => {
                    context.output.warn(&error.to_string());
                    asked += 1;
                    if asked > MOST_QUESTIONS {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

async fn answer(context: &Context, challenge: &Challenge) -> Result<Answer, Failure> {
    match challenge {
        Challenge::Captcha { image, media_type, again, .. } => {
            let picture = Picture::save(image, media_type.as_deref())?;
            let again = if *again { "that was not it; " } else { "" };
            let question = format!(
                "{again}captcha: the characters in {} (nothing: another image)",
                picture.path().display()
            );
            let text = ask(&context.output, &question).await?;
            let none = text.expose().trim().is_empty();
            Ok(if none { Answer::NewImage } else { Answer::Text(text) })
        }
        Challenge::Code { channel, sent_to, other, again, .. } => {
            let again = if *again { "that was not it; " } else { "" };
            let sent_to = sent_to.as_deref().unwrap_or("the account's owner");
            let other = match other {
                Some(other) => format!(", {}: send one {}", word(*other), manner(*other)),
                None => String::new(),
            };
            let question = format!(
                "{again}verification code that was sent {} to {sent_to} (again: send another{other})",
                manner(*channel)
            );
            let text = ask(&context.output, &question).await?;
            Ok(match text.expose().trim() {
                "again" => Answer::SendAgain,
                "phone" => Answer::Through(Channel::Phone),
                "email" => Answer::Through(Channel::Email),
                _ => Answer::Text(text),
            })
        }
        _ => {
            let message = "the server asks something that this version does not know";
            Err(Failure::new(Kind::InteractionNeeded, message).hint("log in by QR code: --qr"))
        }
    }
}

fn word(channel: Channel) -> &'static str {
    match channel {
        Channel::Phone => "phone",
        _ => "email",
    }
}

fn manner(channel: Channel) -> &'static str {
    match channel {
        Channel::Phone => "by text message",
        _ => "by e-mail",
    }
}

fn show(context: &Context, login_url: &str, lifetime: Duration) {
    if let Some(drawn) = qr::draw(login_url) {
        context.output.picture(&drawn);
    }
    let seconds = lifetime.as_secs();
    context.output.ask(&format!(
        "scan it with the Mi Home app within {seconds} s, or open it in a browser that is logged in:\n{login_url}\n"
    ));
}

async fn password(context: &Context, args: &Login, user: &str) -> Result<Secret<String>, Failure> {
    let password = match &args.password_file {
        // Only its first line: what follows on stdin answers questions.
        Some(file) if input::is_stdin(file) => line("the password").await?,
        Some(file) => {
            let text = Secret::new(input::text(file, "password").await?);
            Secret::new(text.expose().lines().next().unwrap_or_default().to_owned())
        }
        None => match env::var_os("IOT_HOME_PASSWORD").filter(|value| !value.is_empty()) {
            Some(value) => value
                .into_string()
                .map(Secret::new)
                .map_err(|_| Failure::bad_input("IOT_HOME_PASSWORD is not text"))?,
            None => ask_hidden(&context.output, &format!("password of {user}")).await?,
        },
    };
    if password.expose().is_empty() {
        return Err(Failure::bad_input("the password is empty"));
    }
    Ok(password)
}

/// Makes the folder of a file, for its owner alone, where it is not there.
fn private_folder(file: &Path) -> Result<(), Failure> {
    let cannot = |error| {
        let name = file.display();
        Failure::bad_input(format!("a session cannot be kept in {name}: {error}"))
    };
    if file.is_dir() {
        return Err(cannot(std::io::ErrorKind::IsADirectory.into()));
    }
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(cannot)
}

const ACCOUNT: &str = "account: e-mail address, phone number or number";
const MOST_QUESTIONS: u32 = 8;
