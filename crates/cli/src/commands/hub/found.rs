//! A device of the home, found by what it is called, and the time left to talk to it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use iot_home::PropertyId;
use iot_home::hub::home::{Device, Error, ErrorKind};
use iot_home::hub::{Facts, Home, Source};
use iot_home::miio::{Client, PORT, Token};
use tokio::time::{Instant, timeout_at};

use crate::args::{Address, HomeArgs};
use crate::commands::cloud::link;
use crate::commands::deadline::within;
use crate::commands::inventory::Inventory;
use crate::commands::{Context, spec};
use crate::failure::{Failure, Kind, LOG_IN};
use crate::ordered::{Hidden, Ordered, spellings, without_tokens};
use crate::token;

/// A device of the home, and when the command has to be done.
pub(super) struct Found {
    pub(super) device: Device,
    until: Instant,
    whole: Duration,
}

impl Found {
    /// Finds it for these properties or this action, which may be names.
    pub(super) async fn open(
        context: &Context,
        args: &HomeArgs,
        names: &[&str],
    ) -> Result<Self, Failure> {
        let given = token::given(&args.token).await?;
        let session = link::path(&args.stored).ok().filter(|file| file.exists());
        if args.refresh && session.is_none() {
            let nobody = "the cloud's list is wanted, and nobody has logged in yet";
            return Err(Failure::new(Kind::InteractionNeeded, nobody).hint(LOG_IN));
        }
        let whole = match session {
            Some(_) => context.options.cloud_timeout(),
            None => context.options.timeout(),
        };
        let until = Instant::now() + whole;
        let finding = async {
            let search = Search::new(context, args, given, session, whole).await?;
            let mut home = search.home(until).await?;
            if args.refresh || search.needs_list(&home) {
                search.inventory.make_folder()?;
                let waiting = context.output.waiting("fetching the cloud's list");
                home.refresh().await?;
                drop(waiting);
                // The time that it took is not the device's.
                home = search.home(until).await?;
            }
            search.device(&home, names).await.map_err(|failure| search.silenced(failure))
        };
        Ok(Self { device: within(whole, finding).await?, until, whole })
    }

    /// Waits for a call, which may have been carried out where its time is over and it `changes` something.
    pub(super) async fn run<T>(
        &self,
        context: &Context,
        doing: &str,
        changes: bool,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        let _waiting = context.output.waiting(format!("{doing} {}", self.device.name()));
        // The home ends in time by itself, and knows what was sent.
        let Ok(done) = timeout_at(self.until + GRACE, call).await else {
            return Err(match changes {
                true => Failure::maybe_executed(format!(
                    "{}: no answer within {:?}, and it may have been done",
                    self.device.name(),
                    self.whole
                )),
                false => self.late(""),
            });
        };
        done.map_err(|error| self.failure(context, error))
    }

    /// What went wrong, as it is told: without the device's token.
    pub(super) fn failure(&self, context: &Context, error: Error) -> Failure {
        let failure = match error.kind() {
            // It knows the time that was left, and a person the time that was given.
            ErrorKind::Timeout => self.late(&before(&error)),
            _ => Failure::from(error),
        };
        if context.output.show_secrets() {
            return failure;
        }
        failure.map_text(|text| without_tokens(text, &self.secrets()))
    }

    fn late(&self, before: &str) -> Failure {
        let (device, whole) = (self.device.name(), self.whole);
        Failure::new(Kind::Timeout, format!("{device}: no answer within {whole:?}{before}"))
            .hint("give it longer with --timeout, as in --timeout 20s")
    }

    /// A value without the device's token.
    pub(super) fn shown(&self, context: &Context, mut value: Ordered) -> Ordered {
        if !context.output.show_secrets() {
            value.hide(&Hidden::secrets(&self.secrets()));
        }
        value
    }

    fn secrets(&self) -> Vec<String> {
        spelt(&self.device)
    }
}

/// What went wrong on other ways.
fn before(error: &Error) -> String {
    error.earlier().map(|(way, error)| format!("; before that, by {way}: {error}")).collect()
}

/// The spellings of a device's token, which may have been fetched anew.
fn spelt(device: &Device) -> Vec<String> {
    let token = device.facts().and_then(|facts| facts.token);
    token.as_ref().map(spellings).unwrap_or_default()
}

/// What a device is looked for with.
struct Search<'a> {
    context: &'a Context,
    args: &'a HomeArgs,
    addr: Option<Address>,
    given: Option<Token>,
    session: Option<PathBuf>,
    inventory: Inventory,
    client: Client,
    /// Once it is found; a transcript leaves its token out.
    found: Arc<OnceLock<Device>>,
}

impl<'a> Search<'a> {
    async fn new(
        context: &'a Context,
        args: &'a HomeArgs,
        given: Option<Token>,
        session: Option<PathBuf>,
        whole: Duration,
    ) -> Result<Self, Failure> {
        let inventory = Inventory::of(context, args.inventory.as_deref())?;
        let addr = args.device.parse::<Address>().ok();
        let found = Arc::new(OnceLock::new());
        // It gives up early enough for another way, and then for the cloud.
        let builder = Client::builder().local_addr(local(addr.as_ref()));
        let mut builder = builder.timeout(LAN.min(whole / 3));
        if let Some(recorder) = &context.recorder {
            builder = builder.on_wire(recorder.home_observer(tokens(given.as_ref(), &found)));
        }
        let client = builder.bind().await?;
        Ok(Self { context, args, addr, given, session, inventory, client, found })
    }

    /// The home as the inventory has it. Its calls end by themselves at this time.
    async fn home(&self, until: Instant) -> Result<Home, Failure> {
        let Self { context, args, .. } = self;
        let (url, folder) = (args.spec_url.as_deref(), args.spec_cache.as_deref());
        let mut builder = Home::builder()
            .miio(self.client.clone())
            .spec_server(spec::server(context, url, folder, false)?);
        if let Some(recorder) = &context.recorder {
            let tokens = tokens(self.given.as_ref(), &self.found);
            builder = builder.on_wire(recorder.lan_observer(tokens));
        }
        if let Some(file) = &self.session {
            let cloud = link::builder(context, &args.hosts, file)?.build();
            builder = builder.cloud(cloud.map_err(Failure::before_cloud)?);
        }
        let left = until.saturating_duration_since(Instant::now());
        self.inventory.open(builder.deadline(left)).await
    }

    /// Whether the cloud may know what the inventory does not: how to reach the device, or any device at all.
    fn needs_list(&self, home: &Home) -> bool {
        if self.session.is_none() {
            return false;
        }
        match home.device(&self.args.device) {
            Ok(device) => {
                let facts = device.facts().unwrap_or_default();
                let is_open = facts.token.is_some() || self.given.is_some();
                let is_near = facts.miio.or(facts.lumi).is_some() || facts.host.is_some();
                facts.cloud.is_none() && facts.yeelight.is_none() && !(is_open && is_near)
            }
            Err(error) => {
                let is_cloud =
                    |device: &Device| device.facts().is_some_and(|it| it.cloud.is_some());
                let will_do = self.given.is_some() && self.is_address(&error);
                !will_do && !home.devices().iter().any(is_cloud)
            }
        }
    }

    async fn device(&self, home: &Home, names: &[&str]) -> Result<Device, Failure> {
        let device = match (home.device(&self.args.device), &self.addr, &self.given) {
            (Ok(device), _, given) => {
                let facts = device.facts().unwrap_or_default();
                // What stands in the environment may be another device's.
                let is_wanted = facts.token.is_none() || token::is_named(&self.args.token);
                if let Some(token) = given.clone().filter(|_| is_wanted) {
                    let mut told = who(&facts);
                    told.token = Some(token);
                    home.learn(Source::Device, told);
                }
                device
            }
            (Err(error), Some(addr), Some(token)) if self.is_address(&error) => {
                let at = addr.resolve(PORT).await?;
                let mut facts = Facts::default();
                (facts.miio, facts.token) = (Some(at), Some(token.clone()));
                home.learn(Source::Device, facts);
                home.device(&at.to_string())?
            }
            (Err(error), ..) => return Err(self.unknown(error)),
        };
        let device = self.found.get_or_init(|| device);
        let is_name = |name: &&str| name.trim().parse::<PropertyId>().is_err();
        if names.iter().any(is_name) {
            self.learn_model(home, device).await?;
        }
        Ok(device.clone())
    }

    /// A device without a model has no names; it tells the model itself.
    async fn learn_model(&self, home: &Home, device: &Device) -> Result<(), Failure> {
        let facts = device.facts().unwrap_or_default();
        let is_known = facts.model.is_some() || facts.yeelight.is_some();
        let (Some(token), false) = (&facts.token, is_known) else { return Ok(()) };
        let usual = |ip: IpAddr| SocketAddr::new(ip, PORT);
        if let Some(at) = facts.miio.or_else(|| facts.host.map(usual)) {
            let _waiting = self.context.output.waiting(format!("asking {at} what it is"));
            let model = self.client.device(at, token.clone()).info().await?.model;
            let mut told = who(&facts);
            told.model = model.map(Into::into);
            home.learn(Source::Device, told);
        }
        Ok(())
    }

    /// Whether an address that the home does not know is meant as one: a host's name may be a mistyped device's.
    fn is_address(&self, error: &Error) -> bool {
        let Some(addr) = &self.addr else { return false };
        let is_ip = addr.parts().0.parse::<IpAddr>().is_ok();
        error.kind() == ErrorKind::Device
            && (is_ip || addr.has_port() || error.candidates().next().is_none())
    }

    fn unknown(&self, error: Error) -> Failure {
        let is_unnamed = error.candidates().next().is_none();
        let is_place = self
            .addr
            .as_ref()
            .is_some_and(|addr| addr.has_port() || addr.parts().0.parse::<IpAddr>().is_ok());
        let failure = Failure::from(error);
        if self.inventory.is_torn() && is_unnamed {
            return failure.hint(format!(
                "{} is torn, and was left out; --refresh and iot-home discover --save write it anew",
                self.inventory.name()
            ));
        }
        if is_place && is_unnamed { failure.hint(NO_TOKEN) } else { failure }
    }

    /// A device may tell its token in an error.
    fn silenced(&self, failure: Failure) -> Failure {
        if self.context.output.show_secrets() {
            return failure;
        }
        let tokens = tokens(self.given.as_ref(), &self.found)();
        failure.map_text(|text| without_tokens(text, &tokens))
    }
}

/// Who a device is: its ids, or else where it is.
fn who(facts: &Facts) -> Facts {
    let mut who = Facts::default();
    who.did.clone_from(&facts.did);
    (who.bulb, who.sid, who.mac) = (facts.bulb, facts.sid, facts.mac);
    if who.is_empty() {
        (who.miio, who.yeelight, who.lumi, who.host) =
            (facts.miio, facts.yeelight, facts.lumi, facts.host);
    }
    who
}

/// The tokens that nothing may show, as far as they are known by then.
fn tokens(
    given: Option<&Token>,
    found: &Arc<OnceLock<Device>>,
) -> impl Fn() -> Vec<String> + Send + Sync + use<> {
    let (given, found) = (given.map(spellings).unwrap_or_default(), Arc::clone(found));
    move || given.iter().cloned().chain(found.get().map(spelt).unwrap_or_default()).collect()
}

fn local(addr: Option<&Address>) -> SocketAddr {
    let is_v6 = addr.is_some_and(|addr| addr.parts().0.parse::<Ipv6Addr>().is_ok());
    let any: IpAddr =
        if is_v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    SocketAddr::new(any, 0)
}

/// What to do where an address is all that is known.
const NO_TOKEN: &str = "an address that the inventory does not have takes the device's token: --token-file FILE, or the \
    environment variable IOT_HOME_TOKEN; bulbs need none, once iot-home discover --save has found them";

/// The longest that a device on the LAN is waited for.
const LAN: Duration = Duration::from_secs(3);
const GRACE: Duration = Duration::from_millis(250);
