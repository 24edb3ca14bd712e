//! Questions to a person: on stderr, answered by a line on stdin.

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

use iot_home::Secret;
use iot_home::core::{Random as _, SystemRandom};

use crate::failure::{Failure, Kind};
use crate::output::Output;

/// Asks, and is answered by a line.
pub(super) async fn ask(output: &Output, question: &str) -> Result<Secret<String>, Failure> {
    output.ask(question);
    line(question).await
}

/// The same for what nobody should read over a shoulder.
pub(super) async fn ask_hidden(output: &Output, question: &str) -> Result<Secret<String>, Failure> {
    output.ask(question);
    let silence = Silence::begin();
    let answer = line(question).await;
    if silence.is_some() {
        // The one that was typed was not shown.
        output.ask("\n");
    }
    answer
}

/// The next line on stdin, without blocking the runtime: an interrupt ends the wait.
pub(super) async fn line(wanted: &str) -> Result<Secret<String>, Failure> {
    let reading = tokio::task::spawn_blocking(|| {
        let mut text = String::new();
        let read = io::stdin().lock().take(LONGEST).read_line(&mut text);
        let text = Secret::new(text);
        read.map(|length| (length > 0).then_some(text))
    });
    let read =
        reading.await.map_err(|_| Failure::new(Kind::Internal, "reading was interrupted"))?;
    let text = read.map_err(|error| Failure::bad_input(format!("cannot read stdin: {error}")))?;
    let text = text.ok_or_else(|| {
        let wanted = wanted.trim_end();
        Failure::new(
            Kind::InteractionNeeded,
            format!("stdin is closed, and nobody answers: {wanted}"),
        )
        .hint("run it in a terminal, or write the answer to its stdin")
    })?;
    Ok(Secret::new(text.expose().trim_end_matches(['\r', '\n']).to_owned()))
}

/// An image that a person is to look at, in a file that is gone afterwards.
pub(super) struct Picture(PathBuf);

impl Picture {
    pub(super) fn save(image: &[u8], media_type: Option<&str>) -> Result<Self, Failure> {
        let ending = match media_type {
            Some("image/png") => "png",
            Some("image/gif") => "gif",
            _ => "jpg",
        };
        let mark = SystemRandom::new().next_u64();
        let path = std::env::temp_dir().join(format!("iot-home-captcha-{mark:016x}.{ending}"));
        let mut options = fs::File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&path).and_then(|mut file| file.write_all(image));
        let picture = Self(path);
        match written {
            Ok(()) => Ok(picture),
            Err(error) => {
                Err(Failure::io(&format!("cannot write {}", picture.path().display()), &error))
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// While it lives, a terminal does not show what is typed.
struct Silence {
    #[cfg(unix)]
    before: rustix::termios::Termios,
}

impl Silence {
    #[cfg(unix)]
    fn begin() -> Option<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

        let before = tcgetattr(io::stdin()).ok().filter(|_| io::stdin().is_terminal())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &silent).ok()?;
        Some(Self { before })
    }

    #[cfg(not(unix))]
    fn begin() -> Option<Self> {
        None
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};

        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// No answer is longer.
const LONGEST: u64 = 4096;
