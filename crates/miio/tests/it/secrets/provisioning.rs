//! What provisioning and updates print.

use iot_home_core::{Secret, SeededRandom};
use iot_home_leaks::Printed;
use iot_home_miio::client::{Client, ErrorKind};
use iot_home_miio::ota::{Ended, OtaState, Tracker, Update, UpdateError};
use iot_home_miio::provisioning::{
    Acknowledgement, Association, JoinFailure, Network, NetworkError, Setting,
};
use serde_json::json;

use super::{OTHER_TOKEN, PASSWORD, token};

fn network() -> Network {
    Network::new("home", Secret::new(String::from(PASSWORD)))
        .bind_key(Secret::new(String::from(PASSWORD)))
}

pub(super) fn print(printed: &mut Printed) {
    printed.value(&network());
    printed.value(&network().request().unwrap());
    printed.value(&network().switch_request().unwrap());
    let twice = Network::new("home", Secret::new(PASSWORD.repeat(8)));
    let broken = Network::new("home", Secret::new(format!("{PASSWORD}\n")));
    let marked = Network::new("home", Secret::new(format!("{PASSWORD};"))).plain_characters(true);
    for network in [twice, broken, marked] {
        let error: NetworkError = network.request().unwrap_err();
        printed.error(&error);
    }
    printed.value(&Setting::Password);
    printed.value(&Acknowledgement::read(&json!([PASSWORD])));
    printed.value(&Association::from_value(&json!({"passwd": PASSWORD, "auth_fail_count": 1})));
    printed.error(&JoinFailure::Password);
    let update = Update::new("http://127.0.0.1/image", [7; 16]).unwrap();
    printed.value(&update);
    printed.error(&UpdateError::Scheme);
    printed.value(&OtaState::Idle);
    printed.value(&Ended::GaveUp);
    printed.value(&Tracker::new());
}

#[cfg(feature = "provisioning-secure")]
pub(super) fn print_secure(printed: &mut Printed) {
    use iot_home_miio::provisioning::secure::{
        Curve, Handshake, InvalidPublicKey, InvalidSignature, Oob, OobMode, PrivateKey, Progress,
    };

    let code = || Oob::code(Secret::new(String::from(PASSWORD)));
    printed.value(&code());
    printed.value(&OobMode::Shown);
    printed.value(&Curve::P384);
    let mut handshake = Handshake::new(&token(), code(), &mut SeededRandom::new(1)).unwrap();
    printed.value(&handshake);
    printed.value(&handshake.request());
    printed.value(&Progress::Send);
    printed.error(&handshake.handle(&format!("{{\"type\":\"{PASSWORD}\"}}")).unwrap_err());
    // The private key is a known secret here, and so is what it leads to.
    let bytes = [OTHER_TOKEN, OTHER_TOKEN].concat();
    let own = PrivateKey::new(Curve::P256, &bytes).unwrap();
    printed.value(&own);
    printed.value(&own.agree(&own.public(), &token()).unwrap());
    printed.error(&InvalidPublicKey::default());
    printed.error(&InvalidSignature::default());
    let fixture = crate::provisioning::fixture();
    let case = &fixture["secure"][0];
    let mut handshake = crate::provisioning_secure::handshake(case);
    for step in case["exchanges"].as_array().unwrap() {
        match handshake.handle(&step["result"].to_string()) {
            Ok(Progress::Done(channel)) => {
                printed.value(&channel);
                printed.value(&channel.request(&network()).unwrap());
            }
            Ok(_) => {}
            Err(error) => printed.error(&error),
        }
    }
}

pub(super) async fn calls(printed: &mut Printed) {
    let client = Client::bind().await.unwrap();
    let short = Network::new("home", Secret::new(PASSWORD.repeat(8)));
    let device = client.device(std::net::Ipv4Addr::LOCALHOST, token());
    let error = device.provision(&short).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    printed.error(&error);
    let watch = device.watch_update(std::time::Duration::ZERO, std::time::Duration::ZERO);
    printed.value(&watch);
    drop(watch);
    #[cfg(feature = "ota")]
    {
        use iot_home_miio::ota::{ImageServer, ServerError};
        use iot_home_sim::SimDevice;

        let local = "127.0.0.1:0".parse().unwrap();
        let image = PASSWORD.as_bytes().to_vec();
        let server =
            ImageServer::bind(local, image, std::net::Ipv4Addr::LOCALHOST.into()).await.unwrap();
        printed.value(&server);
        printed.value(server.update());
        let error: ServerError =
            ImageServer::bind(local, Vec::new(), local.ip()).await.unwrap_err();
        printed.error(&error);
        let sim = SimDevice::light().spawn().await.unwrap();
        let device = client.device(sim.addr(), sim.token());
        let wait = std::time::Duration::from_secs(5);
        let mut watch = device.watch_update(std::time::Duration::ZERO, wait);
        let status = futures_util::StreamExt::next(&mut watch).await.unwrap();
        printed.value(&status);
    }
}
