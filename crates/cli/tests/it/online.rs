//! A cloud, and the program that is logged in to it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use iot_home::miio::Token;
use iot_home::sim::micloud::{Account, Builder, CloudDevice, Home, Scene};
use iot_home::sim::{SimCloud, SimDevice};
use serde_json::Value;

use crate::program::{Run, command, finish, scratch};

pub(crate) const USER: &str = "someone@example.com";
pub(crate) const PASSWORD: &str = "made up, and long";
/// The lamp's.
pub(crate) const LAMP: &str = "300000001";
pub(crate) const LAMP_TOKEN: &str = "00112233445566778899aabbccddeeff";
pub(crate) const BEACON_KEY: &str = "ffeeddccbbaa99887766554433221100";

pub(crate) struct Online {
    pub(crate) cloud: SimCloud,
    pub(crate) session: PathBuf,
}

pub(crate) fn account() -> Account {
    Account::new(USER, PASSWORD)
}

/// Three servers with an address each, so that a cookie that goes astray is seen.
pub(crate) fn servers() -> Builder {
    let free = ([127, 0, 0, 1], 0);
    SimCloud::builder().sts_listen(free).api_listen(free)
}

/// A lamp and a thermometer in a home with two scenes.
pub(crate) fn furnished() -> Builder {
    let lamp = SimDevice::light().did(300_000_001).token(LAMP_TOKEN.parse::<Token>().unwrap());
    let thermometer = CloudDevice::new("blt.3.1abc").name("thermometer").home(1);
    servers()
        .account(account())
        .home(
            Home::new(1, "flat")
                .room(2, "hall")
                .scene(Scene::new(9_007_199_254_740_993, "good night"))
                .scene(Scene::new(7, "away").field("token", "made-up-token-of-a-scene")),
        )
        .device(CloudDevice::of(lamp).name("lamp").home(1).room(2))
        .device(thermometer.beacon_key(BEACON_KEY))
}

impl Online {
    /// Nobody has logged in yet.
    pub(crate) async fn new(builder: Builder) -> Self {
        let cloud = builder.spawn().await.unwrap();
        let session = scratch(&format!("cloud-{}", cloud.addr().port())).join("kept/session.json");
        Self { cloud, session }
    }

    pub(crate) async fn logged_in(builder: Builder) -> Self {
        let online = Self::new(builder).await;
        assert_eq!(online.log_in(&[]).code, 0);
        online
    }

    /// A cloud command with these words, its servers and its session.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.at_servers(words);
        command.arg("--session").arg(&self.session);
        command
    }

    /// The same without the session.
    pub(crate) fn at_servers(&self, words: &[&str]) -> Command {
        let mut command = command([&["cloud"], words].concat());
        command.args(["--account-url", &self.cloud.account_url()]);
        command.args(["--sts-url", &self.cloud.sts_url()]);
        if !words.contains(&"--api-url") {
            command.args(["--api-url", &self.cloud.api_url()]);
        }
        command
    }

    /// Runs it. No secret of the session, before or after, is in what it says.
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        let before = self.secrets();
        let run = finish(self.command(words), b"");
        self.assert_silent(&run, before);
        run
    }

    pub(crate) fn log_in(&self, words: &[&str]) -> Run {
        let mut command = self.command(&[&["login", "--user", USER], words].concat());
        command.env("IOT_HOME_PASSWORD", PASSWORD);
        let run = finish(command, b"");
        self.assert_silent(&run, BTreeSet::new());
        run
    }

    /// A login whose answers are these lines.
    pub(crate) fn answered(&self, words: &[&str], lines: &str) -> Run {
        let mut command = self.command(&[&["login", "--user", USER, "--json"], words].concat());
        command.env("IOT_HOME_PASSWORD", PASSWORD);
        finish(command, lines.as_bytes())
    }

    pub(crate) fn stored(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(&self.session).unwrap()).unwrap()
    }

    /// The client sent nothing that a real cloud would refuse.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        let violations = self.cloud.report().violations;
        assert_eq!(violations.total(), 0, "{violations:?}");
    }

    pub(crate) fn assert_silent(&self, run: &Run, before: BTreeSet<String>) {
        let secrets: Vec<_> = self.secrets().into_iter().chain(before).collect();
        for secret in &secrets {
            let said = run.stdout.contains(secret) || run.stderr.contains(secret);
            assert!(!said, "{secret} in {run:?}");
        }
    }

    pub(crate) fn secrets(&self) -> BTreeSet<String> {
        let mut secrets = BTreeSet::from([PASSWORD.to_owned()]);
        if self.session.exists() {
            let stored = self.stored();
            let keys = stored["services"].as_object().unwrap().values();
            let keys = keys.flat_map(|keys| [&keys["ssecurity"], &keys["service_token"]]);
            let found = keys.chain([&stored["pass_token"]]).filter_map(Value::as_str);
            secrets.extend(found.map(ToOwned::to_owned));
            assert!(secrets.len() >= 4, "{secrets:?}");
        }
        secrets
    }
}
