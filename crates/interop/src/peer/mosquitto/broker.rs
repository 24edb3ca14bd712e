//! mosquitto itself: its settings, and when it is there.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::certificates::Certificates;
use crate::process::{Background, Failure, output, succeed};
use crate::save;

pub(super) const USERNAME: &str = "lamp";
/// Made up.
pub(super) const PASSWORD: &str = "correct horse";
/// Debian has it where not everybody looks.
const PROGRAM: &str = "/usr/sbin/mosquitto";
const SHORT: Duration = Duration::from_secs(20);

pub(super) struct Broker {
    /// Plain, with a password.
    pub(super) port: u16,
    /// TLS, with a password.
    pub(super) tls: u16,
    /// TLS, with a client certificate in place of a password.
    pub(super) mutual: u16,
    pub(super) certificates: Certificates,
    settings: PathBuf,
    log: PathBuf,
    process: Option<Background>,
}

/// What mosquitto calls its version.
pub(crate) async fn version() -> Result<String, Failure> {
    // It takes no order but to explain itself, and calls that a failure.
    let said = output(Command::new(program()).arg("-h"), SHORT).await?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let first = said.lines().next().and_then(|line| line.strip_prefix("mosquitto version "));
    first.map(str::to_owned).ok_or_else(|| {
        Failure::new("mosquitto does not say what it is (on Debian: apt-get install mosquitto)")
    })
}

fn program() -> &'static str {
    if Path::new(PROGRAM).is_file() { PROGRAM } else { "mosquitto" }
}

impl Broker {
    pub(super) async fn start(run: &Path) -> Result<Self, Failure> {
        let certificates = Certificates::make(run)?;
        let [port, tls, mutual] = ports()?;
        let passwords = run.join("mosquitto.passwords");
        let mut make = Command::new("mosquitto_passwd");
        succeed(make.args(["-b", "-c"]).arg(&passwords).args([USERNAME, PASSWORD]), SHORT).await?;
        let secured = certificates.settings();
        let settings = format!(
            "per_listener_settings true\n\
             log_type all\n\
             # It gives up being root, and its files are root's.\n\
             user root\n\
             listener {port} 127.0.0.1\n\
             password_file {passwords}\n\
             listener {tls} 127.0.0.1\n\
             password_file {passwords}\n\
             {secured}\
             listener {mutual} 127.0.0.1\n\
             {secured}\
             require_certificate true\n\
             use_identity_as_username true\n\
             allow_anonymous true\n",
            passwords = passwords.display(),
        );
        let settings = save(run, "mosquitto.conf", &settings)?;
        let log = run.join("mosquitto.log");
        let mut broker = Self { port, tls, mutual, certificates, settings, log, process: None };
        broker.begin().await?;
        Ok(broker)
    }

    /// Ends it and begins anew; it keeps nothing.
    pub(super) async fn restart(&mut self) -> Result<(), Failure> {
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
        self.begin().await
    }

    pub(super) async fn stop(self) {
        if let Some(process) = self.process {
            process.stop().await;
        }
    }

    /// What went wrong, and what it says itself.
    pub(super) fn failure(&mut self, failure: &Failure) -> Failure {
        match &mut self.process {
            Some(process) => process.failure(&failure.to_string()),
            None => Failure::new(failure.to_string()),
        }
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        let mut command = Command::new(program());
        let mut process = Background::start(command.arg("-c").arg(&self.settings), &self.log)?;
        let until = Instant::now() + SHORT;
        // The last one that it opens.
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.mutual)).await.is_err() {
            if Instant::now() > until {
                return Err(process.failure("it does not listen"));
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.process = Some(process);
        Ok(())
    }
}

/// It cannot be told to take any port: some that nobody has now.
fn ports<const N: usize>() -> Result<[u16; N], Failure> {
    let cannot = |error| Failure::new(format!("no free port: {error}"));
    let held: Vec<_> = (0..N)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<Result<_, _>>()
        .map_err(cannot)?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr().map_err(cannot)?.port();
    }
    Ok(ports)
}
