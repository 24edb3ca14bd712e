//! Runs other people's programs for miIO, Yeelight, MQTT and the Mi cloud, unmodified, against ours: their clients
//! against our simulated devices, their simulated devices against our client, their devices against our
//! simulated platform, their brokers against our session. Beside them our clients search networks made for
//! them.
//!
//! `cargo run -p iot-home-interop` installs them below cargo's target directory, gives all of them
//! a network without a way out, checks what is answered and not only that something is, and prints
//! a table. It never skips: a peer that is absent or says too little is a failure. `docs/interop.md`
//! tells what is covered.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the command line, which prints a table"
)]

mod bulbs;
mod dialogue;
mod household;
mod install;
mod namespace;
mod networks;
mod peer;
mod process;
mod relay;
#[path = "../../iot-home/examples/software_lamp/lamp.rs"]
mod software_lamp;
mod tally;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::install::Peers;
use crate::peer::python_miio::Place;
use crate::peer::{
    aedes, aliyun_sdk, mi_cloud, miio_simulator, miiocli, miot_simulator, mosquitto, node_mihome,
    ours, push_server, python_miio, python_yeelight, tencent_sdk, xiaomi_gateway, yeelight_awesome,
};
use crate::process::Failure;
use crate::tally::Tally;

/// The whole exchange takes less than two minutes on two idle cores.
const DEADLINE: Duration = Duration::from_secs(300);
/// The argument that stands before the folder of the peers in the half that talks.
const TALK: &str = "talk";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let done = match arguments.as_slice() {
        [] => prepare().await,
        [word, folder] if word == TALK => talk(&Peers::at(folder.into())).await,
        [word, did] if word == networks::DEVICE => {
            networks::device(&did.to_string_lossy()).await.map(|()| true)
        }
        [word] if word == networks::CLIENT => networks::client().await.map(|()| true),
        [word, id] if word == bulbs::BULB => {
            bulbs::bulb(&id.to_string_lossy()).await.map(|()| true)
        }
        [word] if word == bulbs::CLIENT => bulbs::client().await.map(|()| true),
        [word] if word == household::HOST => household::host().await.map(|()| true),
        [word] if word == household::CLIENT => household::client().await.map(|()| true),
        _ => Err(Failure::new("this program takes no arguments")),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Installs the peers, which takes the network, and has the rest done without one.
async fn prepare() -> Result<bool, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(format!("this program's own path is unknown: {error}")))?;
    let folder = target_directory(&program).join("interop");
    Peers::at(folder.clone()).install().await?;
    let folder = folder
        .to_str()
        .ok_or_else(|| Failure::new(format!("{} is not UTF-8", folder.display())))?;
    namespace::run(&program, &[TALK, folder], DEADLINE + Duration::from_secs(30)).await
}

/// Cargo marks the directory that it builds in.
fn target_directory(program: &Path) -> PathBuf {
    let marked = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    marked.or_else(|| program.parent()).unwrap_or(Path::new(".")).to_owned()
}

/// Everything that is said over the wire.
async fn talk(peers: &Peers) -> Result<bool, Failure> {
    let run = peers.run_folder()?;
    let light = include_str!("../peers/light.spec.json");
    miiocli::remember_spec(&run, ours::LIGHT, light)?;
    let spec = save(&run, "light.spec.json", light)?;
    let humidifier = save(&run, "humidifier.yaml", include_str!("../peers/humidifier.yaml"))?;
    let script = save(&run, "loopback_up.py", include_str!("../peers/loopback_up.py"))?;
    let watcher = save(&run, "wire.py", include_str!("../peers/wire.py"))?;
    let pushes = save(&run, "push_server.py", include_str!("../peers/push_server.py"))?;
    let yeelight = save(&run, "python_yeelight.py", include_str!("../peers/python_yeelight.py"))?;
    let tencent_sdk = save(&run, "tencent_sdk.py", include_str!("../peers/tencent_sdk.py"))?;
    let micloud_script = save(&run, "micloud_peer.py", include_str!("../peers/micloud.py"))?;
    let lumi_script = save(&run, "lumi_peer.py", include_str!("../peers/xiaomi_gateway.py"))?;
    let announcer = save(&run, "announcer.py", include_str!("../peers/announcer.py"))?;
    let witness = save(&run, "witness.py", include_str!("../peers/witness.py"))?;
    namespace::prepare(&peers.python(), &script).await?;
    let python = peers.python_version().await?;
    let mihome = peers.node_version().await?;
    let python_yeelight = peers.python_yeelight_version().await?;
    let awesome = peers.yeelight_awesome_version().await?;
    let aliyun = peers.aliyun_sdk_version().await?;
    let tencent = peers.tencent_sdk_version().await?;
    let micloud = peers.micloud_version().await?;
    let xiaomi_gateway = peers.xiaomi_gateway_version().await?;
    let zeroconf = peers.zeroconf_version().await?;
    let aedes = peers.aedes_version().await?;
    let mosquitto = mosquitto::version().await?;
    let iproute = networks::version().await?;

    let mut tallies = [
        Tally::new("python-miio", &python, "client", 55),
        Tally::new("python-miio push server", &python, "both", 25),
        Tally::new("node-mihome", &mihome, "client", 50),
        Tally::new("python-miio miot-simulator", &python, "device", 60),
        Tally::new("python-miio miio-simulator", &python, "device", 100),
        Tally::new("two networks (iproute2)", &iproute, "network", 6),
        Tally::new("python-yeelight", &python_yeelight, "client", 300),
        Tally::new("yeelight-awesome", &awesome, "client", 100),
        Tally::new("two networks of bulbs (iproute2)", &iproute, "network", 25),
        Tally::new("alibabacloud-iot-device-sdk", &aliyun, "device", 30),
        Tally::new("tencent-iot-device", &tencent, "device", 40),
        Tally::new("mosquitto, paho-mqtt", &mosquitto, "broker", 180),
        Tally::new("aedes", &aedes, "broker", 20),
        Tally::new("micloud", &micloud, "client", 12),
        Tally::new("node-mihome (cloud)", &mihome, "client", 12),
        Tally::new("PyXiaomiGateway", &xiaomi_gateway, "client", 60),
        Tally::new("a home in two networks (python-zeroconf)", &zeroconf, "network", 6),
    ];
    let [
        client,
        pushed,
        mihome,
        miot,
        miio,
        two,
        bulbs,
        awesome,
        two_of_bulbs,
        aliyun,
        tencent,
        broker,
        clouds,
        micloud,
        mihome_cloud,
        lumi,
        household,
    ] = &mut tallies;
    let everything = async {
        let place = Place { peers, run: &run };
        let interpreter = peers.python();
        let scripts = bulbs::Scripts { watcher: &watcher, python_yeelight: &yeelight };
        tokio::join!(
            async { keep(python_miio::play(place, client).await, client) },
            async { keep(push_server::play(peers, &run, &pushes, pushed).await, pushed) },
            async { keep(node_mihome::play(peers, mihome).await, mihome) },
            async { keep(networks::play(&run, &interpreter, &watcher, two).await, two) },
            async { keep(python_yeelight::play(peers, &run, &yeelight, bulbs).await, bulbs) },
            async { keep(yeelight_awesome::play(peers, &run, awesome).await, awesome) },
            async {
                let played = bulbs::play(peers, &run, scripts, two_of_bulbs).await;
                keep(played, two_of_bulbs);
            },
        );
        let scripts = household::Scripts { watcher: &watcher, announcer: &announcer };
        keep(household::play(peers, &run, scripts, household).await, household);
        // Not beside the bulbs, which have their own time.
        tokio::join!(
            async { keep(aliyun_sdk::play(peers, &run, aliyun).await, aliyun) },
            async { keep(tencent_sdk::play(peers, &run, &tencent_sdk, tencent).await, tencent) },
            async { keep(mosquitto::play(peers, &run, &witness, broker).await, broker) },
            async { keep(aedes::play(peers, &run, clouds).await, clouds) },
            async {
                let played = mi_cloud::play_micloud(peers, &run, &micloud_script, micloud).await;
                keep(played, micloud);
            },
            async {
                let played = mi_cloud::play_node_mihome(peers, &run, mihome_cloud).await;
                keep(played, mihome_cloud);
            },
            async { keep(xiaomi_gateway::play(peers, &run, &lumi_script, lumi).await, lumi) },
        );
        // One after the other: each binds every address.
        keep(miot_simulator::play(peers, &run, &spec, miot).await, miot);
        keep(miio_simulator::play(peers, &run, &humidifier, miio).await, miio);
    };
    if tokio::time::timeout(DEADLINE, everything).await.is_err() {
        println!("FAILED: not done after {} s", DEADLINE.as_secs());
        tally::print(&tallies);
        return Ok(false);
    }
    Ok(tally::print(&tallies))
}

/// What ends the exchange with one peer ends no other.
fn keep(played: Result<(), Failure>, tally: &mut Tally) {
    if let Err(failure) = played {
        tally.fail(failure);
    }
}

fn save(folder: &Path, name: &str, text: &str) -> Result<PathBuf, Failure> {
    let file = folder.join(name);
    std::fs::write(&file, text)
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", file.display())))?;
    Ok(file)
}
