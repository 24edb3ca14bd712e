//! The stand-in for the Mi cloud: who is let in, what is refused, and what goes wrong when it is to.

mod behind;
mod broken_calls;
mod broken_logins;
mod config;
mod devices;
mod expiry;
mod faults;
mod lists;
mod logins;
mod others;
mod wire;

use iot_home_sim::SimDevice;
use iot_home_sim::micloud::{Account, Builder, CloudDevice, Home, Scene, SimCloud, Verification};

const USER: &str = "someone@example.com";
const PASSWORD: &str = "correct horse";
const USER_ID: u64 = 1_234_567_890;
const DID: &str = "300000001";

fn account() -> Account {
    Account::new(USER, PASSWORD)
}

fn verification() -> Verification {
    Verification::new("246810").phone("138******00").email("s***@example.com")
}

/// One account, one home, one lamp in it.
fn cloud() -> Builder {
    cloud_of(account())
}

fn cloud_of(account: Account) -> Builder {
    let home = Home::new(169_001_360_386, "home").room(7, "hall").scene(Scene::new(1, "movie"));
    SimCloud::builder().account(account).home(home).device(lamp())
}

fn lamp() -> CloudDevice {
    CloudDevice::of(SimDevice::light().did(300_000_001)).home(169_001_360_386).room(7)
}
