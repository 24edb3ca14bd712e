//! The peers, as their authors publish them, in a folder below cargo's target directory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use crate::process::{Failure, output, succeed};

const PYTHON_MIIO: &str = "0.6.0.dev0";
/// Later versions break the command line of python-miio.
const CLICK: &str = "8.1.8";
/// python-miio asks for it as well.
const MICLOUD: &str = "0.6";
const XIAOMI_GATEWAY: &str = "0.14.3";
/// python-miio asks for it as well.
const ZEROCONF: &str = "0.154.0";
const NODE_MIHOME: &str = "0.0.32";
const PYTHON_YEELIGHT: &str = "0.7.16";
const YEELIGHT_AWESOME: &str = "1.1.0";
const ALIYUN_SDK: &str = "1.2.8";
/// Later ones need a Node that not every distribution has.
const AEDES: &str = "0.51.3";
const TENCENT_SDK: &str = "1.0.0";
/// What it asks for, and what has taken the place of the other thing that it asks for.
const TENCENT_SDK_NEEDS: [&str; 2] = ["paho-mqtt==1.5.1", "pycryptodome==4.4.0"];

/// A cold cache behind a slow line takes minutes.
const INSTALLING: Duration = Duration::from_secs(600);
/// A program that only has to say its version.
const ASKING: Duration = Duration::from_secs(60);

/// Where the installed peers are.
#[derive(Clone)]
pub(crate) struct Peers {
    folder: PathBuf,
}

impl Peers {
    /// The peers installed below this folder.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Installs what is not there yet in the right version.
    pub(crate) async fn install(&self) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.folder).map_err(|error| {
            Failure::new(format!("{} cannot be made: {error}", self.folder.display()))
        })?;
        self.install_python().await?;
        self.install_tencent_sdk().await?;
        self.install_node().await
    }

    async fn install_python(&self) -> Result<(), Failure> {
        let venv = self.folder.join("venv");
        let wanted = [
            format!("python-miio=={PYTHON_MIIO}"),
            format!("click=={CLICK}"),
            format!("yeelight=={PYTHON_YEELIGHT}"),
            format!("micloud=={MICLOUD}"),
            format!("PyXiaomiGateway=={XIAOMI_GATEWAY}"),
            format!("zeroconf=={ZEROCONF}"),
        ];
        let stamp = Stamp::new(&venv, wanted.join("\n"));
        if stamp.is_current()
            && self.python_version().await.is_ok()
            && self.python_yeelight_version().await.is_ok()
            && self.micloud_version().await.is_ok()
            && self.xiaomi_gateway_version().await.is_ok()
            && self.zeroconf_version().await.is_ok()
        {
            return Ok(());
        }
        println!("installing {} with pip", wanted.join(" and "));
        stamp.clear()?;
        make_venv(&venv).await?;
        succeed(pip(&self.python()).args(&wanted), INSTALLING).await?;
        self.python_version().await?;
        self.python_yeelight_version().await?;
        self.micloud_version().await?;
        self.xiaomi_gateway_version().await?;
        self.zeroconf_version().await?;
        stamp.write()
    }

    /// In an environment of its own: it wants older versions of what others want.
    async fn install_tencent_sdk(&self) -> Result<(), Failure> {
        let venv = self.folder.join("tencent");
        let sdk = format!("tencent-iot-device=={TENCENT_SDK}");
        let stamp = Stamp::new(&venv, format!("{sdk}\n{}", TENCENT_SDK_NEEDS.join("\n")));
        if stamp.is_current() && self.tencent_sdk_version().await.is_ok() {
            return Ok(());
        }
        println!("installing {sdk} with pip");
        stamp.clear()?;
        make_venv(&venv).await?;
        let python = self.tencent_python();
        succeed(pip(&python).args(TENCENT_SDK_NEEDS), INSTALLING).await?;
        // Its pycrypto does not build any more.
        succeed(pip(&python).args(["--no-deps", &sdk]), INSTALLING).await?;
        self.tencent_sdk_version().await?;
        stamp.write()
    }

    async fn install_node(&self) -> Result<(), Failure> {
        let folder = self.node_folder();
        let wanted = [
            format!("node-mihome@{NODE_MIHOME}"),
            format!("yeelight-awesome@{YEELIGHT_AWESOME}"),
            format!("alibabacloud-iot-device-sdk@{ALIYUN_SDK}"),
            format!("aedes@{AEDES}"),
        ];
        let stamp = Stamp::new(&folder, wanted.join("\n"));
        if stamp.is_current()
            && self.node_version().await.is_ok()
            && self.yeelight_awesome_version().await.is_ok()
            && self.aliyun_sdk_version().await.is_ok()
            && self.aedes_version().await.is_ok()
        {
            return Ok(());
        }
        println!("installing {} with npm", wanted.join(" and "));
        stamp.clear()?;
        std::fs::create_dir_all(&folder).map_err(|error| {
            Failure::new(format!("{} cannot be made: {error}", folder.display()))
        })?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
            .arg(&folder)
            .args(&wanted);
        succeed(&mut npm, INSTALLING).await?;
        self.node_version().await?;
        self.yeelight_awesome_version().await?;
        self.aliyun_sdk_version().await?;
        self.aedes_version().await?;
        stamp.write()
    }

    /// What python-miio calls its version.
    pub(crate) async fn python_version(&self) -> Result<String, Failure> {
        let said = succeed(Command::new(self.miiocli()).arg("--version"), ASKING).await?;
        // "miiocli, version 0.6.0.dev0"
        let version = said.trim().rsplit(' ').next().unwrap_or_default();
        expect("python-miio", PYTHON_MIIO, version)
    }

    /// What python-yeelight calls its version.
    pub(crate) async fn python_yeelight_version(&self) -> Result<String, Failure> {
        python_package_version(&self.python(), "yeelight", PYTHON_YEELIGHT).await
    }

    /// What micloud calls its version.
    pub(crate) async fn micloud_version(&self) -> Result<String, Failure> {
        python_package_version(&self.python(), "micloud", MICLOUD).await
    }

    /// What PyXiaomiGateway calls its version.
    pub(crate) async fn xiaomi_gateway_version(&self) -> Result<String, Failure> {
        python_package_version(&self.python(), "PyXiaomiGateway", XIAOMI_GATEWAY).await
    }

    /// What python-zeroconf calls its version.
    pub(crate) async fn zeroconf_version(&self) -> Result<String, Failure> {
        python_package_version(&self.python(), "zeroconf", ZEROCONF).await
    }

    /// What Tencent's SDK calls its version.
    pub(crate) async fn tencent_sdk_version(&self) -> Result<String, Failure> {
        python_package_version(&self.tencent_python(), "tencent-iot-device", TENCENT_SDK).await
    }

    /// What node-mihome calls its version.
    pub(crate) async fn node_version(&self) -> Result<String, Failure> {
        self.node_package_version("node-mihome", NODE_MIHOME).await
    }

    /// What yeelight-awesome calls its version.
    pub(crate) async fn yeelight_awesome_version(&self) -> Result<String, Failure> {
        self.node_package_version("yeelight-awesome", YEELIGHT_AWESOME).await
    }

    /// What Aliyun's SDK calls its version.
    pub(crate) async fn aliyun_sdk_version(&self) -> Result<String, Failure> {
        self.node_package_version("alibabacloud-iot-device-sdk", ALIYUN_SDK).await
    }

    /// What aedes calls its version.
    pub(crate) async fn aedes_version(&self) -> Result<String, Failure> {
        self.node_package_version("aedes", AEDES).await
    }

    async fn node_package_version(&self, name: &str, wanted: &str) -> Result<String, Failure> {
        let ask = format!("console.log(require('{name}/package.json').version)");
        let mut node = Command::new("node");
        node.args(["-e", &ask]).current_dir(self.node_folder());
        let said = output(&mut node, ASKING).await?;
        expect(name, wanted, String::from_utf8_lossy(&said.stdout).trim())
    }

    /// The interpreter that the Python peers are installed for.
    pub(crate) fn python(&self) -> PathBuf {
        self.folder.join("venv/bin/python3")
    }

    /// The interpreter that Tencent's SDK is installed for.
    pub(crate) fn tencent_python(&self) -> PathBuf {
        self.folder.join("tencent/bin/python3")
    }

    /// The command line of python-miio.
    pub(crate) fn miiocli(&self) -> PathBuf {
        self.folder.join("venv/bin/miiocli")
    }

    /// Where scripts have to lie that require the Node peers.
    pub(crate) fn node_folder(&self) -> PathBuf {
        self.folder.join("node")
    }

    /// A fresh, empty folder for what one run writes.
    pub(crate) fn run_folder(&self) -> Result<PathBuf, Failure> {
        let folder = self.folder.join("run");
        let made = match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => std::fs::create_dir_all(&folder),
        };
        made.map_err(|error| {
            Failure::new(format!("{} cannot be made: {error}", folder.display()))
        })?;
        Ok(folder)
    }
}

async fn make_venv(folder: &Path) -> Result<(), Failure> {
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(folder);
    let made = succeed(&mut venv, INSTALLING).await.map(drop);
    made.map_err(|error| {
        Failure::new(format!(
            "a Python environment cannot be made (on Debian: apt-get install python3-venv): {error}"
        ))
    })
}

fn pip(python: &Path) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip
}

async fn python_package_version(
    python: &Path,
    name: &str,
    wanted: &str,
) -> Result<String, Failure> {
    let ask = format!("from importlib.metadata import version; print(version('{name}'))");
    let said = output(Command::new(python).args(["-c", &ask]), ASKING).await?;
    expect(name, wanted, String::from_utf8_lossy(&said.stdout).trim())
}

fn expect(peer: &str, wanted: &str, version: &str) -> Result<String, Failure> {
    if version == wanted {
        Ok(version.to_owned())
    } else {
        Err(Failure::new(format!("{peer} {wanted} was wanted, it says {version:?}")))
    }
}

/// A file that says what was installed, written once that is complete.
struct Stamp {
    file: PathBuf,
    wanted: String,
}

impl Stamp {
    fn new(folder: &Path, wanted: String) -> Self {
        Self { file: folder.with_extension("installed"), wanted }
    }

    fn is_current(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|found| found == self.wanted)
    }

    fn clear(&self) -> Result<(), Failure> {
        match std::fs::remove_file(&self.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::new(format!("{} cannot be removed: {error}", self.file.display())))
            }
            _ => Ok(()),
        }
    }

    fn write(&self) -> Result<(), Failure> {
        std::fs::write(&self.file, &self.wanted).map_err(|error| {
            Failure::new(format!("{} cannot be written: {error}", self.file.display()))
        })
    }
}
