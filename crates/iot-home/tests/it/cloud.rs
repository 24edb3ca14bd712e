//! The client of the Mi cloud at the stand-in for it.

mod calls;
mod clock;
mod devices;
mod expiry;
mod faults;
mod files;
mod gathering;
mod logins;
mod recorder;
mod secrets;

use std::sync::Arc;
use std::time::Duration;

use iot_home::http::Client;
use iot_home::micloud::client::{Builder, Error};
use iot_home::micloud::{Answer, Challenge, Hosts, MiCloud};
use iot_home::sim::SimCloud;
use iot_home::sim::micloud::{self as sim, Account};

const USER: &str = "someone@example.com";
const PASSWORD: &str = "made up, and long";

fn account() -> Account {
    Account::new(USER, PASSWORD)
}

/// A cloud whose three servers have their own addresses, so that a cookie that goes astray is seen.
fn builder() -> sim::Builder {
    let free = ([127, 0, 0, 1], 0);
    SimCloud::builder().sts_listen(free).api_listen(free)
}

async fn cloud() -> SimCloud {
    builder().account(account()).spawn().await.unwrap()
}

fn hosts(cloud: &SimCloud) -> Hosts {
    let hosts = Hosts::default().account(&cloud.account_url()).unwrap();
    hosts.sts(&cloud.sts_url()).unwrap().api(&cloud.api_url()).unwrap()
}

fn client_of(cloud: &SimCloud) -> Builder {
    let http = Client::builder().no_proxy().build().unwrap();
    MiCloud::builder().hosts(hosts(cloud)).http(Arc::new(http))
}

fn client(cloud: &SimCloud) -> MiCloud {
    client_of(cloud).build().unwrap()
}

/// Logs in with the password, to an account that asks nothing else.
async fn log_in(client: &MiCloud) {
    let mut dialog = client.log_in(USER, PASSWORD);
    assert_eq!(within(dialog.challenge()).await.unwrap(), None);
}

async fn logged_in(cloud: &SimCloud) -> MiCloud {
    let client = client(cloud);
    log_in(&client).await;
    client
}

/// Logs in, says these things in turn, and tells what was asked.
async fn answered<A: Into<Answer>>(
    dialog: &mut iot_home::micloud::client::Dialog,
    answers: impl IntoIterator<Item = A>,
) -> Result<Vec<Challenge>, Error> {
    let mut answers = answers.into_iter();
    let mut asked = Vec::new();
    while let Some(challenge) = within(dialog.challenge()).await? {
        asked.push(challenge.clone());
        dialog.answer(answers.next().expect("one more answer"))?;
    }
    assert!(answers.next().is_none(), "more was asked");
    Ok(asked)
}

/// The client sent nothing that a real cloud would refuse.
fn assert_clean(cloud: &SimCloud) {
    let violations = cloud.report().violations;
    assert_eq!(violations.total(), 0, "{violations:?}");
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("in time")
}
