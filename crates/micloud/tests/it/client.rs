//! The client against the stand-in cloud, over real sockets.

mod calls;
mod expiry;
mod logins;
mod secrets;
mod sessions;

use std::sync::{Arc, Mutex};

use iot_home_http::{Answering, Client, HttpClient, Request};
use iot_home_micloud::client::{Builder, Event, LoginFlow};
use iot_home_micloud::{Answer, Challenge, Hosts, MiCloud};
use iot_home_sim::micloud::{Account, Builder as CloudBuilder, CloudDevice, Home, Scene};
use iot_home_sim::{SimCloud, SimDevice};

const USER: &str = "someone@example.com";
const PASSWORD: &str = "correct horse";
const DID: &str = "300000001";

fn account() -> Account {
    Account::new(USER, PASSWORD)
}

fn cloud_of(account: Account) -> CloudBuilder {
    let home = Home::new(169_001_360_386, "home").room(7, "hall").scene(Scene::new(1, "movie"));
    let lamp = CloudDevice::of(SimDevice::light().did(300_000_001)).home(169_001_360_386).room(7);
    SimCloud::builder().account(account).home(home).device(lamp)
}

fn hosts(cloud: &SimCloud) -> Hosts {
    let hosts = Hosts::default().account(&cloud.account_url()).unwrap();
    hosts.sts(&cloud.sts_url()).unwrap().api(&cloud.api_url()).unwrap()
}

fn client(cloud: &SimCloud) -> Builder {
    MiCloud::builder().hosts(hosts(cloud))
}

/// Plays a login to its end.
async fn play(
    mut login: LoginFlow,
    mut say: impl FnMut(&Challenge) -> Answer,
) -> Result<(), iot_home_micloud::client::Error> {
    loop {
        match login.next().await? {
            Event::Ask(challenge) => login.answer(say(&challenge))?,
            Event::Done(_) => return Ok(()),
            _ => unreachable!("another event"),
        }
    }
}

async fn logged_in(cloud: &SimCloud) -> MiCloud {
    let client = client(cloud).build().unwrap();
    play(client.log_in(USER, PASSWORD), |_| panic!("nothing is asked")).await.unwrap();
    client
}

/// What was sent: host and port, path, cookies' names.
type Sent = Arc<Mutex<Vec<(String, String, Vec<String>)>>>;

/// Writes down where requests go, and which cookies with them.
struct Watched(Client, Sent);

impl HttpClient for Watched {
    fn send(&self, request: Request) -> Answering<'_> {
        let authority = request.uri().authority().unwrap().to_string();
        let cookies = request.headers().get("cookie").map(|value| value.to_str().unwrap());
        let cookies = cookies.unwrap_or_default().split("; ").filter(|pair| !pair.is_empty());
        let names = cookies.map(|pair| pair.split('=').next().unwrap().to_owned()).collect();
        self.1.lock().unwrap().push((authority, request.uri().path().to_owned(), names));
        self.0.send(request)
    }
}
