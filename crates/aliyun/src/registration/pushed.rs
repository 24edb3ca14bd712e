//! What is asked by a login over MQTT, and pushed on its connection.

use alloc::vec::Vec;
use core::future::poll_fn;
use core::pin::Pin;
use core::time::Duration;

use futures_core::Stream as _;
use iot_home_mqtt::Signer;
use iot_home_mqtt::client::{Event, Options, Session};
use tokio::time;

use super::{NotGiven, RegisterError, Registering};
use crate::login::{Certificate, Login};
use crate::thing::{Identity, Registered};

impl Login<Registering> {
    /// Registers over MQTT: connects, waits for what is pushed, and leaves. It never connects a second time.
    ///
    /// # Errors
    /// When there is no connection, or nothing comes on it, or it is for another device.
    ///
    /// # Cancel safety
    /// When the future is dropped, the device may have been registered.
    pub async fn register(self, options: Options) -> Result<Registered, RegisterError> {
        let (product_key, device_name) = self.auth_names();
        let pushed = pushed(self, options, &Registered::TOPICS).await?;
        let given = Registered::parse(&pushed).map_err(NotGiven::from)?;
        let ours = match &given {
            Registered::Secret(device) => {
                (device.product_key(), device.device_name()) == (&product_key, &device_name)
            }
            Registered::Token(device) => {
                (device.product_key(), device.device_name()) == (&product_key, &device_name)
            }
        };
        if ours { Ok(given) } else { Err(NotGiven::OtherDevice.into()) }
    }
}

impl Login<Certificate> {
    /// Asks who the device is, of one that has a certificate and does not know its name
    /// ([`CertificateDevice::unknown`](crate::CertificateDevice::unknown)): connects, waits for what is pushed, and leaves. Store it:
    /// [`Identity::into_device`] is the device as it logs in from then on.
    ///
    /// # Errors
    /// When there is no connection, or nothing comes on it.
    pub async fn identify(self, options: Options) -> Result<Identity, RegisterError> {
        let pushed = pushed(self, options, &[Identity::TOPIC]).await?;
        Ok(Identity::parse(&pushed).map_err(NotGiven::from)?)
    }
}

/// Connects once, and brings what is pushed there on one of these topics.
async fn pushed(
    login: impl Signer + Send + 'static,
    options: Options,
    topics: &[&str],
) -> Result<Vec<u8>, RegisterError> {
    let mut session = Session::connect(login, options).await?;
    let heard = async {
        while let Some(event) = poll_fn(|cx| Pin::new(&mut session).poll_next(cx)).await {
            match event? {
                Event::Message(message) if topics.contains(&&*message.topic) => {
                    return Ok(message.payload.to_vec());
                }
                // The next connection would ask again.
                Event::Disconnected { .. } => break,
                _ => {}
            }
        }
        Err(RegisterError::Silent)
    };
    let heard = time::timeout(PUSHED_WITHIN, heard).await;
    // The platform closes by itself as well.
    let _ = time::timeout(FAREWELL, session.close()).await;
    heard.unwrap_or(Err(RegisterError::Silent))
}

/// The platform closes the connection after 15 seconds.
const PUSHED_WITHIN: Duration = Duration::from_secs(20);
const FAREWELL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use iot_home_mqtt::client::Options;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::Instant;

    use super::pushed;
    use crate::registration::RegisterError;
    use crate::{Device, SignMethod};

    /// A broker that lets in whoever comes, says this, and stays as long as it is heard. It gives what it was sent.
    async fn broker(mut stream: DuplexStream, says: Vec<u8>) -> Vec<u8> {
        let mut heard = vec![0; 1024];
        let length = stream.read(&mut heard).await.unwrap();
        assert!(length > 0 && heard[0] == 0x10, "a CONNECT comes first");
        stream.write_all(&[&[0x20, 2, 0, 0][..], &says].concat()).await.unwrap();
        heard.clear();
        let _ = stream.read_to_end(&mut heard).await;
        heard
    }

    /// A PUBLISH of quality 0.
    fn publish(topic: &str, payload: &str) -> Vec<u8> {
        let length = |length: usize| u8::try_from(length).unwrap();
        let head = [0x30, length(2 + topic.len() + payload.len()), 0, length(topic.len())];
        [&head[..], topic.as_bytes(), payload.as_bytes()].concat()
    }

    /// What came of it, how long it took, how often it connected, and what the broker was sent behind the CONNECT.
    async fn run(
        says: Vec<u8>,
        ends: bool,
    ) -> (Result<Vec<u8>, RegisterError>, Duration, usize, Vec<u8>) {
        let dialed = Arc::new(AtomicUsize::new(0));
        let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
        let count = Arc::clone(&dialed);
        let options = Options::new().dial_with(move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
            let (ours, theirs) = duplex(4096);
            let (says, heard) = (says.clone(), heard.clone());
            tokio::spawn(async move {
                let served = broker(theirs, says);
                // One that ends the connection does so a second later.
                let left = match ends {
                    true => tokio::time::timeout(Duration::from_secs(1), served)
                        .await
                        .unwrap_or_default(),
                    false => served.await,
                };
                let _ = heard.send(left);
            });
            async { io::Result::Ok(ours) }
        });
        let device = Device::new("a1X2bEnP82z", "lamp-1", "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe");
        let began = Instant::now();
        let given = pushed(device.unwrap().tcp(), options, &["/ext/register", "/ext/regnwl"]).await;
        let took = began.elapsed();
        (given, took, dialed.load(Ordering::Relaxed), hears.recv().await.unwrap_or_default())
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_on_another_topic_is_not_it() {
        for topic in ["/ext/register", "/ext/regnwl"] {
            let says = [publish("/ext/ntp", "no"), publish(topic, "yes"), publish(topic, "late")];
            let (given, took, dialed, left) = run(says.concat(), false).await;
            assert_eq!(given.unwrap(), b"yes");
            assert_eq!((took, dialed), (Duration::ZERO, 1));
            assert_eq!(left, [0xe0, 0], "it says good-bye");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_has_its_time() {
        let (given, took, dialed, left) = run(Vec::new(), false).await;
        assert!(matches!(given, Err(RegisterError::Silent)), "{given:?}");
        assert_eq!((took, dialed), (Duration::from_secs(20), 1));
        assert_eq!(left, [0xe0, 0]);
    }

    /// The next connection would register once more.
    #[tokio::test(start_paused = true)]
    async fn a_connection_that_ends_is_the_last() {
        let (given, took, dialed, _) = run(publish("/ext/ntp", "no"), true).await;
        assert!(matches!(given, Err(RegisterError::Silent)), "{given:?}");
        assert_eq!((took, dialed), (Duration::from_secs(1), 1));
    }

    /// One that reads no more when it has said what it has to say keeps nobody for long.
    #[tokio::test(start_paused = true)]
    async fn a_good_bye_that_nobody_takes() {
        let options = Options::new().dial_with(|_, _| {
            // A byte at a time, so that nothing is on its way.
            let (ours, mut theirs) = duplex(1);
            tokio::spawn(async move {
                let mut head = [0; 2];
                theirs.read_exact(&mut head).await.unwrap();
                assert!(head[0] == 0x10 && head[1] < 0x80, "a short CONNECT comes first");
                let mut connect = vec![0; head[1].into()];
                theirs.read_exact(&mut connect).await.unwrap();
                let says = [&[0x20, 2, 0, 0][..], &publish("/ext/register", "yes")].concat();
                theirs.write_all(&says).await.unwrap();
                std::future::pending::<()>().await;
            });
            async { io::Result::Ok(ours) }
        });
        let device = Device::new("a1X2bEnP82z", "lamp-1", "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe");
        let login = device.unwrap().tcp().sign_method(SignMethod::HmacMd5);
        let began = Instant::now();
        assert_eq!(pushed(login, options, &["/ext/register"]).await.unwrap(), b"yes");
        assert_eq!(began.elapsed(), Duration::from_secs(1));
    }
}
