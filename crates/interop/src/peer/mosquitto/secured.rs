//! TLS: OpenSSL on the broker's side, rustls on ours.

use iot_home::mqtt::MqttLogin;
use iot_home::mqtt::client::tls::{InvalidTls, TlsFailure};
use iot_home::mqtt::client::{Options, Qos, Session, Tls};
use serde_json::json;

use super::broker::Broker;
use super::certificates::NAME;
use super::{LARGE, both_ways, login, meet};
use crate::dialogue::Dialogue;
use crate::peer::session::Client;
use crate::process::Failure;
use crate::tally::Tally;

/// How often a refusal is looked at that comes in two parts, which may arrive in either order.
const TIMES: usize = 20;

pub(super) async fn play(
    broker: &Broker,
    witness: &mut Dialogue,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let trusting = Tls::new().ca_pem(&broker.certificates.ca).map_err(cannot)?;
    let (certificate, key) = &broker.certificates.device;
    let device = trusting.clone().client_identity(certificate, key).map_err(cannot)?;
    meet(witness, broker.port, tally).await?;
    for (what, port, host, tls) in [
        ("TLS", broker.tls, NAME, trusting.clone()),
        ("TLS by another name", broker.tls, "127.0.0.1", trusting.clone().without_name_check()),
        ("TLS with a certificate", broker.mutual, NAME, device),
    ] {
        let options = Options::new().tls(tls);
        let mut client = Client::connect(what, secured(host, port), options, tally).await?;
        client.session.subscribe("down/+", Qos::AtLeastOnce).await?;
        for length in [5, LARGE] {
            both_ways(what, (length, Qos::AtLeastOnce), &mut client, witness, tally).await?;
        }
        client.leave(tally).await?;
    }
    witness.ask(json!({"do": "disconnect"})).await?;
    refusals(broker, &trusting, tally).await
}

/// Whom we refuse, and who refuses us.
async fn refusals(broker: &Broker, trusting: &Tls, tally: &mut Tally) -> Result<(), Failure> {
    use TlsFailure::{
        ClientCertificateMissing, ClientCertificateRefused, NotTls, UnknownAuthority, WrongName,
    };
    let stranger = Tls::new().ca_pem(&broker.certificates.other_ca).map_err(cannot)?;
    let (certificate, key) = &broker.certificates.impostor;
    let impostor = trusting.clone().client_identity(certificate, key).map_err(cannot)?;
    let cases = [
        ("an unknown CA", broker.tls, NAME, stranger.clone(), UnknownAuthority),
        (
            "an unknown CA without the name",
            broker.tls,
            NAME,
            stranger.without_name_check(),
            UnknownAuthority,
        ),
        ("another name", broker.tls, "127.0.0.1", trusting.clone(), WrongName),
        ("no certificate", broker.mutual, NAME, trusting.clone(), ClientCertificateMissing),
        ("another CA's certificate", broker.mutual, NAME, impostor, ClientCertificateRefused),
    ];
    for (what, port, host, tls, wanted) in cases {
        for _ in 0..TIMES {
            let seen = failure(secured(host, port), tls.clone()).await;
            tally.equal(what, seen, Some(wanted));
        }
    }
    // It closes without a word.
    let seen = failure(secured(NAME, broker.port), trusting.clone()).await;
    let fits = matches!(seen, Some(NotTls | TlsFailure::HungUp));
    tally.check("TLS to the plain port", fits, seen);
    let plain = Session::connect(login(broker.tls), Options::new()).await;
    tally.check("plain to the port for TLS", plain.is_err(), plain);
    Ok(())
}

async fn failure(login: MqttLogin, tls: Tls) -> Option<TlsFailure> {
    let refused = Session::connect(login, Options::new().tls(tls)).await.err()?;
    refused.tls_failure()
}

fn secured(host: &str, port: u16) -> MqttLogin {
    let mut login = login(port);
    login.host = host.into();
    login.tls = true;
    login
}

fn cannot(error: InvalidTls) -> Failure {
    Failure::new(format!("our TLS: {error}"))
}
